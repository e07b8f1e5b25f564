namespace SwarmFS.Fuse;

internal sealed class RequestContext
{
    public ParkedRequest Park() => new(0);
}
