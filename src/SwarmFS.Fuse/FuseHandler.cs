namespace SwarmFS.Fuse;

/// <summary>
/// A filesystem as the kernel asks for it: by node number, in bytes and structs, answered with negative errno. Override what the filesystem has; the rest answers ENOSYS,
/// which the kernel remembers for the life of the mount for most operations.
/// <para>
/// Every method runs on a reader thread of the session and must not wait: no network, no lock that is held across I/O. What is at hand is answered in place. What is not is
/// parked: call <see cref="FuseRequest.Park"/>, start the work elsewhere, return <see cref="FuseResult.Parked"/>, and finish through the <see cref="ParkedRequest"/> from any thread:
/// either <see cref="ParkedRequest.Retry"/> when the same question can now be answered from what is at hand, or an answer given directly.
/// Methods are called concurrently, also for one node. Spans are valid during the call alone.
/// </para>
/// </summary>
public abstract class FuseHandler
{
    /// <summary>Answers with the entry's node, attributes and timeouts. A <see cref="FuseEntry.NodeId"/> of 0 is a cacheable "does not exist".</summary>
    public virtual FuseResult Lookup(ref FuseRequest request, ulong parent, ReadOnlySpan<byte> name, ref FuseEntry entry) => FuseResult.NotImplemented;

    public virtual FuseResult GetAttributes(ref FuseRequest request, ulong node, ref FuseAttributes attributes) => FuseResult.NotImplemented;

    /// <returns><see cref="FuseResult.Bytes"/> of the target's length.</returns>
    public virtual FuseResult ReadLink(ref FuseRequest request, ulong node, Span<byte> target) => FuseResult.NotImplemented;

    /// <returns><see cref="FuseResult.Bytes"/>: as many as asked for; less only at the end of the file.</returns>
    public virtual FuseResult Read(ref FuseRequest request, ulong node, ulong handle, long offset, Span<byte> destination) => FuseResult.NotImplemented;

    /// <summary>ENOSYS (the default) selects NO_OPEN for the whole mount.</summary>
    public virtual FuseResult Open(ref FuseRequest request, ulong node, int flags, ref FuseOpened opened) => FuseResult.NotImplemented;

    public virtual void Release(ulong node, ulong handle)
    {
    }

    /// <summary>ENOSYS (the default) selects NO_OPENDIR for the whole mount.</summary>
    public virtual FuseResult OpenDirectory(ref FuseRequest request, ulong node, ref FuseOpened opened) => FuseResult.NotImplemented;

    public virtual void ReleaseDirectory(ulong node, ulong handle)
    {
    }

    /// <summary>Writes entries after <paramref name="offset"/> (an offset this handler gave, 0 at first) until the writer is full; writes none at the end.</summary>
    public virtual FuseResult ReadDirectory(ref FuseRequest request, ulong node, ulong handle, ulong offset, ref FuseDirectoryWriter writer) => FuseResult.NotImplemented;

    /// <summary>As <see cref="ReadDirectory"/>, with each entry's attributes (READDIRPLUS).</summary>
    public virtual FuseResult ReadDirectoryPlus(ref FuseRequest request, ulong node, ulong handle, ulong offset, ref FuseDirectoryPlusWriter writer) => FuseResult.NotImplemented;

    public virtual FuseResult GetStatistics(ref FuseRequest request, ulong node, ref FuseStatistics statistics) => FuseResult.NotImplemented;

    /// <param name="value">Empty when the caller asks for the size alone.</param>
    /// <returns><see cref="FuseResult.Bytes"/> of the whole value's length (the session answers ERANGE when it does not fit), or ENODATA.</returns>
    public virtual FuseResult GetXattr(ref FuseRequest request, ulong node, ReadOnlySpan<byte> name, Span<byte> value) => FuseResult.NotImplemented;

    /// <summary>Names, each followed by NUL. Sizes as in <see cref="GetXattr"/>.</summary>
    public virtual FuseResult ListXattrs(ref FuseRequest request, ulong node, Span<byte> names) => FuseResult.NotImplemented;

    /// <summary>SEEK_DATA (3) and SEEK_HOLE (4); the others never reach a filesystem.</summary>
    public virtual FuseResult Seek(ref FuseRequest request, ulong node, long offset, int whence, ref long result) => FuseResult.NotImplemented;

    /// <summary>The session is up: INIT was answered. Called once, before any other method.</summary>
    public virtual void Started(FuseSession session)
    {
    }

    /// <summary>The kernel has let the mount go; no method is called any more.</summary>
    public virtual void Stopped()
    {
    }
}
