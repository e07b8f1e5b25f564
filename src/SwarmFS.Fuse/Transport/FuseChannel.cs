namespace SwarmFS.Fuse;

/// <summary>
/// How requests come in and answers go out. It runs the reading; the dispatcher answers through it from any thread.
/// <code>
/// Open -> [Start] -> Serving -> [last reader sees the end] -> Ended
/// </code>
/// </summary>
internal abstract class FuseChannel : IDisposable
{
    /// <summary>The request buffer of a server that nobody writes to: FUSE_MIN_READ_BUFFER.</summary>
    public const int RequestBytes = 8192;

    /// <summary>Waits for one request, for the handshake only.</summary>
    /// <returns>Its length, or 0 with an errno.</returns>
    public abstract int Receive(Span<byte> buffer, out Errno errno);

    /// <summary>Starts the reader threads. <paramref name="ended"/> is called once, by the last of them.</summary>
    public abstract void Start(FuseDispatcher dispatcher, int readers, Action<FuseEnd, Errno> ended);

    /// <summary>Sends one whole message.</summary>
    /// <returns>0 or the errno; ENOENT: who asked has gone.</returns>
    public abstract Errno Send(ReadOnlySpan<byte> message);

    /// <summary>Sends one whole message that lies in two places.</summary>
    public abstract Errno Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body);

    /// <summary>Registers a file for passthrough: an id above 0, or a negative errno.</summary>
    public abstract int OpenBacking(int fd);

    public abstract Errno CloseBacking(int backingId);

    public abstract void Dispose();
}
