using System.Runtime.InteropServices;

namespace SwarmFS.Import;

/// <summary>Unpacks Zstandard frames (RFC 8878), one after the other, through the system's libzstd.</summary>
internal sealed unsafe class ZstdStream : DecoderStream
{
    /// <summary>Base-2 logarithm of the largest window, 128 MiB: the highest that libzstd takes without being asked to.</summary>
    private const int WindowLog = 27;

    private readonly ZstdHandle _handle = ZstdInterop.CreateDecoder();

    /// <summary>Takes over <paramref name="source"/>.</summary>
    public ZstdStream(Stream source)
        : base(source)
    {
        if (_handle.IsInvalid) throw new InvalidOperationException("libzstd cannot start a decoder: out of memory.");
        Check(ZstdInterop.SetParameter(_handle, ZstdInterop.WindowLogMax, WindowLog));
    }

    protected override bool MayContinue => true;

    protected override void Step(ReadOnlySpan<byte> input, Span<byte> output, bool inputEnded, out int consumed, out int produced, out bool finished)
    {
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            var source = new ZstdBuffer { Data = from, Size = (nuint)input.Length };
            var target = new ZstdBuffer { Data = to, Size = (nuint)output.Length };
            var left = Check(ZstdInterop.Decompress(_handle, ref target, ref source));
            consumed = (int)source.Position;
            produced = (int)target.Position;
            finished = left == 0;
        }
    }

    private static nuint Check(nuint code)
    {
        if (ZstdInterop.IsError(code) == 0) return code;
        throw new ArchiveFormatException($"the zstd data cannot be unpacked ({Marshal.PtrToStringAnsi(ZstdInterop.ErrorName(code))})");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _handle.Dispose();
        base.Dispose(disposing);
    }
}
