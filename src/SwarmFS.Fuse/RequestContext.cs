using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>
/// Where one request at a time is taken apart and answered: native buffers, so that the kernel copies in and out of memory that never moves, and the state of the
/// turn. Each reader thread owns one; threads that retry parked requests borrow others.
/// Reply buffer: the out header in the last 16 bytes of the first page, so that data starts on a page and goes out with its header in one write.
/// </summary>
internal sealed unsafe class RequestContext : IDisposable
{
    private const int PageBytes = 4096;
    private static readonly int HeaderBytes = Unsafe.SizeOf<FuseOutHeader>();

    private readonly FuseDispatcher _dispatcher;
    private readonly byte* _request;
    private readonly byte* _reply;
    private readonly long[] _counts = new long[FuseMetrics.Opcodes];
    private ulong _unique;
    private ulong _interrupted;
    private int _length;

    public RequestContext(FuseDispatcher dispatcher, int payloadBytes)
    {
        _dispatcher = dispatcher;
        PayloadBytes = payloadBytes;
        _request = (byte*)NativeMemory.AlignedAlloc(FuseChannel.RequestBytes, PageBytes);
        _reply = (byte*)NativeMemory.AlignedAlloc((nuint)(PageBytes + payloadBytes), PageBytes);
    }

    public byte* RequestStart => _request;
    public byte* PayloadStart => _reply + PageBytes;
    public int PayloadBytes { get; }
    public Span<byte> Payload => new(_reply + PageBytes, PayloadBytes);
    public Span<byte> RequestBuffer => new(_request, FuseChannel.RequestBytes);
    public ReadOnlySpan<byte> Message => new(_request, _length);
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>The saved request that this turn belongs to: set from the start in a retry, or by <see cref="Park"/>.</summary>
    public ParkedRequest? Parked { get; private set; }

    /// <summary>The handler has parked the request during this turn.</summary>
    public bool HasParked { get; private set; }

    public void Begin(int length, ulong unique, uint opcode, ParkedRequest? parked)
    {
        _length = length;
        Parked = parked;
        HasParked = false;
        _counts[opcode < FuseMetrics.Opcodes ? opcode : 0]++;
        Interlocked.Exchange(ref _unique, unique);
    }

    public void End()
    {
        Volatile.Write(ref _unique, 0);
        Parked = null;
    }

    /// <summary>Notes an interrupt of the request in hand.</summary>
    /// <returns>False when another request, or none, is in hand.</returns>
    public bool TryInterrupt(ulong unique)
    {
        if (Volatile.Read(ref _unique) != unique) return false;
        Interlocked.Exchange(ref _interrupted, unique);
        return Volatile.Read(ref _unique) == unique;
    }

    public ParkedRequest Park()
    {
        if (HasParked) return Parked!;
        var parked = Parked ?? _dispatcher.Save(_unique, Message);
        Parked = parked;
        HasParked = true;
        parked.Wait(interrupted: Volatile.Read(ref _interrupted) == _unique);
        return parked;
    }

    /// <summary>The whole answer: the header is written in front of the payload that is already in place.</summary>
    public ReadOnlySpan<byte> Answer(ulong unique, int error, int payloadLength)
    {
        var start = _reply + PageBytes - HeaderBytes;
        var length = HeaderBytes + payloadLength;
        *(FuseOutHeader*)start = new FuseOutHeader { Len = (uint)length, Error = error, Unique = unique };
        return new ReadOnlySpan<byte>(start, length);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_request);
        NativeMemory.AlignedFree(_reply);
    }
}
