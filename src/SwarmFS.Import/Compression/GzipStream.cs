namespace SwarmFS.Import;

/// <summary>Unpacks gzip (RFC 1952), one member after the other, each checked against its CRC and length, through the system's zlib. The runtime's decoder takes a cut-off end for one.</summary>
internal sealed unsafe class GzipStream : DecoderStream
{
    private readonly ZlibHandle _handle = new();
    private bool _memberEnded;

    /// <summary>Takes over <paramref name="source"/>.</summary>
    public GzipStream(Stream source)
        : base(source)
    {
        var result = ZlibInterop.InitDecoder(_handle);
        if (result != ZlibResult.Ok) throw new InvalidOperationException($"zlib cannot start a decoder: {result}.");
    }

    protected override bool MayContinue => true;

    protected override void Step(ReadOnlySpan<byte> input, Span<byte> output, bool inputEnded, out int consumed, out int produced, out bool finished)
    {
        if (_memberEnded) _ = ZlibInterop.Reset(_handle);
        ZlibResult result;
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            var state = _handle.State;
            state->NextIn = from;
            state->AvailableIn = (uint)input.Length;
            state->NextOut = to;
            state->AvailableOut = (uint)output.Length;
            result = ZlibInterop.Code(_handle, flush: 0);
            consumed = input.Length - (int)state->AvailableIn;
            produced = output.Length - (int)state->AvailableOut;
        }
        finished = _memberEnded = result == ZlibResult.StreamEnd;
        // No progress is right when there was no input; whether more comes is seen by whoever gave it.
        if (result is not (ZlibResult.Ok or ZlibResult.StreamEnd or ZlibResult.BufferError)) throw new ArchiveFormatException($"the gzip data is damaged ({result})");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _handle.Dispose();
        base.Dispose(disposing);
    }
}
