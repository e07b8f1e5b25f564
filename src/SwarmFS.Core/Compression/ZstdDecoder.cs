namespace SwarmFS.Core;

/// <summary>Unpacks Zstandard (RFC 8878) step by step, through the system's libzstd. One thread at a time.</summary>
public sealed unsafe class ZstdDecoder : IDisposable
{
    private readonly ZstdDecoderHandle _handle = ZstdInterop.CreateDecoder();

    /// <param name="windowLog">Base-2 logarithm of the largest window in bytes that a frame may ask for; about so much memory is taken, when the first frame asks for it.</param>
    public ZstdDecoder(int windowLog)
    {
        if (_handle.IsInvalid) throw new InvalidOperationException("libzstd cannot start a decoder: out of memory.");
        Check(ZstdInterop.SetParameter(_handle, ZstdInterop.WindowLogMax, windowLog));
    }

    /// <summary>Decodes from <paramref name="input"/> into <paramref name="output"/> as far as both last.</summary>
    /// <param name="frameEnded">A frame has ended here and all of it is out; what follows is another.</param>
    /// <exception cref="InvalidDataException">The input is no Zstandard, is damaged, or asks for a larger window.</exception>
    public void Step(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced, out bool frameEnded)
    {
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            var source = new ZstdBuffer { Data = from, Size = (nuint)input.Length };
            var target = new ZstdBuffer { Data = to, Size = (nuint)output.Length };
            frameEnded = Check(ZstdInterop.Decompress(_handle, ref target, ref source)) == 0;
            consumed = (int)source.Position;
            produced = (int)target.Position;
        }
    }

    private static nuint Check(nuint code) =>
        ZstdInterop.IsError(code) == 0 ? code : throw new InvalidDataException($"the zstd data cannot be unpacked ({ZstdInterop.Describe(code)})");

    public void Dispose() => _handle.Dispose();
}
