namespace SwarmFS.Import;

/// <summary>Reads from another stream, which it owns, and throws as soon as more than the bound comes out: the end of a decompression bomb.</summary>
/// <param name="what">What the bytes are, for the message.</param>
internal sealed class BoundedStream(Stream source, long bound, string what) : ForwardOnlyStream
{
    public long BytesRead { get; private set; }

    /// <summary>How much may still come.</summary>
    public long Left => bound - BytesRead;

    public override int Read(Span<byte> buffer)
    {
        var read = source.Read(buffer);
        BytesRead += read;
        if (BytesRead > bound) throw new ArchiveFormatException($"{what} unpacks to more than {bound} bytes, the bound for its packed size");
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) source.Dispose();
        base.Dispose(disposing);
    }
}
