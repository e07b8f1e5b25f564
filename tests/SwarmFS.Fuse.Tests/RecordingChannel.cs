using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse.Tests;

/// <summary>The kernel's place: takes what a dispatcher sends.</summary>
internal sealed class RecordingChannel : FuseChannel
{
    private long _sent;

    public ConcurrentQueue<byte[]> Messages { get; } = new();

    /// <summary>Messages are counted and forgotten.</summary>
    public bool OnlyCounts { get; init; }

    public long Sent => Volatile.Read(ref _sent);
    public byte[]? Init { get; init; }

    public IEnumerable<(FuseOutHeader Header, byte[] Payload)> Answers =>
        Messages.Select(message => (MemoryMarshal.Read<FuseOutHeader>(message), message[Unsafe.SizeOf<FuseOutHeader>()..]));

    public override int Receive(Span<byte> buffer, out Errno errno)
    {
        errno = Init is null ? Errno.ENODEV : 0;
        Init?.CopyTo(buffer);
        return Init?.Length ?? 0;
    }

    public override void Start(FuseDispatcher dispatcher, int readers, Action<FuseEnd, Errno> ended)
    {
    }

    public override Errno Send(ReadOnlySpan<byte> message)
    {
        Interlocked.Increment(ref _sent);
        if (!OnlyCounts) Messages.Enqueue(message.ToArray());
        return 0;
    }

    public override Errno Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        Interlocked.Increment(ref _sent);
        if (!OnlyCounts) Messages.Enqueue([.. head, .. body]);
        return 0;
    }

    public override int OpenBacking(int fd) => -(int)Errno.EPERM;

    public override Errno CloseBacking(int backingId) => Errno.ENOENT;

    public override void Dispose()
    {
    }
}
