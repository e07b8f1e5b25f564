namespace SwarmFS.Fuse;

/// <summary>
/// A request that waits for something outside the process's memory. It is answered exactly once: by <see cref="Retry"/>, <see cref="Complete"/>, <see cref="Fail"/>, by the
/// kernel's interrupt (EINTR), or not at all when the mount has gone. Calls that come too late do nothing.
/// </summary>
public sealed class ParkedRequest
{
    internal ParkedRequest(ulong unique) => Unique = unique;

    public ulong Unique { get; }

    /// <summary>Cancelled when the caller was interrupted or killed, and when the mount goes away.</summary>
    public CancellationToken Cancelled => default;

    /// <summary>Calls the handler again with the saved request, on the calling thread; the handler may park it again and then gets this same object.</summary>
    public void Retry()
    {
    }

    /// <summary>Answers a READ with its data.</summary>
    /// <exception cref="ArgumentException">More bytes than were asked for.</exception>
    public void Complete(ReadOnlySpan<byte> data)
    {
    }

    public void Fail(Errno errno)
    {
    }
}
