using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>
/// Room for one request at a time that the kernel hands over through a ring: 288 bytes of headers (fuse_uring_req_header of linux/fuse.h) and the payload, which is the reply buffer of the
/// context, so that an answer made in place is not copied.
/// <code>
/// Registered -> [request] -> Owed -> [answer] -> Answered -> [commit] -> Registered
/// </code>
/// </summary>
internal sealed unsafe class UringEntry : IDisposable
{
    private const int HeadersBytes = 288;
    private const int ArgumentsOffset = 128;
    private const int StateOffset = 256;
    private const int Alignment = 64;
    private static readonly int HeaderBytes = Unsafe.SizeOf<FuseInHeader>();

    private readonly byte* _headers = (byte*)NativeMemory.AlignedAlloc(HeadersBytes, Alignment);
    private readonly Libc.IoVector* _vectors = (Libc.IoVector*)NativeMemory.Alloc(2, (nuint)sizeof(Libc.IoVector));
    private ulong _unique;

    public UringEntry(int index, RequestContext context)
    {
        Index = index;
        Context = context;
        NativeMemory.Clear(_headers, HeadersBytes);
        _vectors[0] = new Libc.IoVector { Base = _headers, Length = HeadersBytes };
        _vectors[1] = new Libc.IoVector { Base = context.PayloadStart, Length = context.PayloadBytes };
    }

    /// <summary>Its place in the queue.</summary>
    public int Index { get; }

    public RequestContext Context { get; }

    public Libc.IoVector* Vectors => _vectors;

    /// <summary>The request whose answer is owed; 0 for none.</summary>
    public ulong Unique => Volatile.Read(ref _unique);

    public ulong CommitId => ((State*)(_headers + StateOffset))->CommitId;

    /// <summary>Puts the message together as it would have come from the device.</summary>
    /// <returns>Its length, or 0 when the kernel's lengths contradict one another.</returns>
    public int Take()
    {
        var header = (FuseInHeader*)_headers;
        var payload = (int)((State*)(_headers + StateOffset))->PayloadBytes;
        Volatile.Write(ref _unique, header->Unique);
        var arguments = (int)header->Len - HeaderBytes - payload;
        if (payload < 0 || arguments is < 0 or > StateOffset - ArgumentsOffset || header->Len > FuseChannel.RequestBytes) return 0;
        var message = Context.RequestBuffer;
        new ReadOnlySpan<byte>(_headers, HeaderBytes).CopyTo(message);
        new ReadOnlySpan<byte>(_headers + ArgumentsOffset, arguments).CopyTo(message[HeaderBytes..]);
        Context.Payload[..payload].CopyTo(message[(HeaderBytes + arguments)..]);
        return (int)header->Len;
    }

    /// <summary>Notes the answer to the request.</summary>
    /// <returns>False when it was answered before.</returns>
    public bool TryAnswer(in FuseOutHeader header, ReadOnlySpan<byte> payload)
    {
        if (Interlocked.CompareExchange(ref _unique, 0, header.Unique) != header.Unique) return false;
        if (!payload.IsEmpty && !Unsafe.AreSame(ref MemoryMarshal.GetReference(payload), ref *Context.PayloadStart)) payload.CopyTo(Context.Payload);
        *(FuseOutHeader*)_headers = header;
        ((State*)(_headers + StateOffset))->PayloadBytes = (uint)payload.Length;
        return true;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_headers);
        NativeMemory.Free(_vectors);
    }

    /// <summary>struct fuse_uring_ent_in_out, the fields in use.</summary>
    [StructLayout(LayoutKind.Explicit, Size = HeadersBytes - StateOffset)]
    private struct State
    {
        [FieldOffset(8)] public readonly ulong CommitId;
        [FieldOffset(16)] public uint PayloadBytes;
    }
}
