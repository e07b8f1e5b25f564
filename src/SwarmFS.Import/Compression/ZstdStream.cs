using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>Unpacks Zstandard frames (RFC 8878), one after the other.</summary>
/// <param name="source">Taken over.</param>
internal sealed class ZstdStream(Stream source) : DecoderStream(source)
{
    /// <summary>Base-2 logarithm of the largest window, 128 MiB: the highest that libzstd takes without being asked to.</summary>
    private const int WindowLog = 27;

    private readonly ZstdDecoder _decoder = new(WindowLog);

    protected override bool MayContinue => true;

    protected override void Step(ReadOnlySpan<byte> input, Span<byte> output, bool inputEnded, out int consumed, out int produced, out bool finished)
    {
        try
        {
            _decoder.Step(input, output, out consumed, out produced, out finished);
        }
        catch (InvalidDataException damaged)
        {
            throw new ArchiveFormatException(damaged.Message);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _decoder.Dispose();
        base.Dispose(disposing);
    }
}
