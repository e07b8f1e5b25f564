namespace SwarmFS.Import;

/// <summary>Unpacks one .xz stream with its integrity check, through the system's liblzma.</summary>
internal sealed unsafe class XzStream : DecoderStream
{
    /// <summary>
    /// Bytes of memory that the decoder may ask for: a window of 128 MiB (the highest preset has 64) and what is needed around it.
    /// </summary>
    private const ulong MemoryLimit = 136 << 20;

    private readonly LzmaHandle _handle = new();

    /// <summary>Takes over <paramref name="source"/>.</summary>
    public XzStream(Stream source)
        : base(source)
    {
        var result = LzmaInterop.InitDecoder(_handle, MemoryLimit, flags: 0);
        if (result != LzmaResult.Ok) throw new InvalidOperationException($"liblzma cannot start a decoder: {result}.");
    }

    protected override void Step(ReadOnlySpan<byte> input, Span<byte> output, bool inputEnded, out int consumed, out int produced, out bool finished)
    {
        LzmaResult result;
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            var state = _handle.State;
            state->NextIn = from;
            state->AvailableIn = (nuint)input.Length;
            state->NextOut = to;
            state->AvailableOut = (nuint)output.Length;
            result = LzmaInterop.Code(_handle, inputEnded ? 3 : 0);
            consumed = input.Length - (int)state->AvailableIn;
            produced = output.Length - (int)state->AvailableOut;
        }
        finished = result == LzmaResult.StreamEnd;
        switch (result)
        {
            case LzmaResult.Ok or LzmaResult.StreamEnd:
                return;
            // No progress: right when the output was filled exactly, and cut off when the input has ended.
            case LzmaResult.BufferError when !inputEnded:
                return;
            case LzmaResult.BufferError:
                throw new ArchiveFormatException("the xz data is cut off");
            case LzmaResult.MemoryLimit:
                throw new ArchiveFormatException($"the xz data wants more than {MemoryLimit >> 20} MiB of memory to unpack");
            default:
                throw new ArchiveFormatException($"the xz data is damaged ({result})");
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _handle.Dispose();
        base.Dispose(disposing);
    }
}
