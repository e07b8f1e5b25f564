namespace SwarmFS.Fuse;

/// <summary>The request being answered: who asks. Lives on the dispatching thread's stack during the call.</summary>
public readonly ref struct FuseRequest
{
    private readonly RequestContext? _context;

    internal FuseRequest(ulong unique, uint uid, uint gid, uint pid, RequestContext context)
        : this(unique, uid, gid, pid) => _context = context;

    /// <summary>A request without a session, with which a handler can be called directly; it cannot be parked.</summary>
    public FuseRequest(ulong unique, uint uid, uint gid, uint pid)
    {
        Unique = unique;
        Uid = uid;
        Gid = gid;
        Pid = pid;
    }

    public ulong Unique { get; }
    public uint Uid { get; }
    public uint Gid { get; }

    /// <summary>0 where the kernel asks for itself (read-ahead).</summary>
    public uint Pid { get; }

    /// <summary>
    /// Saves the request so that it can be answered later from any thread. After this call the method returns <see cref="FuseResult.Parked"/>; any other result answers the request
    /// then and there and makes the parked one inert.
    /// </summary>
    /// <exception cref="InvalidOperationException">The request has no session.</exception>
    public ParkedRequest Park() =>
        (_context ?? throw new InvalidOperationException("this request has no session, so nobody could answer it later")).Park();
}
