namespace SwarmFS.Import;

/// <summary>
/// What the native decoders have in common: they turn a buffer of packed bytes into unpacked ones step by step. The end of the packed data has to coincide
/// with the end of the input; anything else is cut off or has something hidden behind it.
/// </summary>
internal abstract class DecoderStream(Stream source) : ForwardOnlyStream
{
    private readonly byte[] _input = new byte[64 << 10];
    private int _start;
    private int _end;
    private bool _inputEnded;
    private bool _finished;

    /// <summary>Decodes from <paramref name="input"/> into <paramref name="output"/> as far as both last.</summary>
    /// <param name="inputEnded">No more input comes after this.</param>
    /// <param name="finished">The packed data has ended here.</param>
    /// <exception cref="ArchiveFormatException">It is damaged, or asks for more memory than is allowed.</exception>
    protected abstract void Step(ReadOnlySpan<byte> input, Span<byte> output, bool inputEnded, out int consumed, out int produced, out bool finished);

    /// <summary>True when another frame may follow the one that has ended.</summary>
    protected virtual bool MayContinue => false;

    public sealed override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;
        while (true)
        {
            if (_start == _end && !_inputEnded) Refill();
            if (_finished && EndOrContinue()) return 0;
            Step(_input.AsSpan(_start.._end), buffer, _inputEnded, out var consumed, out var produced, out _finished);
            _start += consumed;
            if (produced > 0) return produced;
            if (!_finished && consumed == 0 && _inputEnded && _start == _end) throw new ArchiveFormatException("the compressed data is cut off");
        }
    }

    private bool EndOrContinue()
    {
        if (_start == _end && _inputEnded) return true;
        if (!MayContinue) throw new ArchiveFormatException("bytes follow the compressed data");
        return false;
    }

    private void Refill()
    {
        _start = 0;
        _end = source.Read(_input);
        _inputEnded = _end == 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) source.Dispose();
        base.Dispose(disposing);
    }
}
