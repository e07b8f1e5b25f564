using System.IO.Compression;

namespace SwarmFS.Import;

/// <summary>Unpacks gzip (RFC 1952), with the runtime's decoder; its errors become those of an archive. It owns <paramref name="source"/>.</summary>
internal sealed class GzipStream(Stream source) : ForwardOnlyStream
{
    private readonly GZipStream _decoder = new(source, CompressionMode.Decompress);

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return _decoder.Read(buffer);
        }
        catch (InvalidDataException e)
        {
            throw new ArchiveFormatException($"the gzip data is damaged ({e.Message})");
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _decoder.Dispose();
        base.Dispose(disposing);
    }
}
