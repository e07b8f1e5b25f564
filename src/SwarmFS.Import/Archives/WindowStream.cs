namespace SwarmFS.Import;

/// <summary>
/// The next <paramref name="length"/> bytes of another stream, which it does not own: a member of an archive. Ending before them throws, so what reads it to its
/// end has all of it.
/// </summary>
internal sealed class WindowStream(Stream source, long length, string what) : ForwardOnlyStream
{
    /// <summary>Bytes that have not been read yet.</summary>
    public long Left { get; private set; } = length;

    public override int Read(Span<byte> buffer)
    {
        if (Left == 0 || buffer.IsEmpty) return 0;
        var read = source.Read(buffer[..(int)Math.Min(buffer.Length, Left)]);
        if (read == 0) throw new ArchiveFormatException($"{what} is cut off: {Left} bytes are missing");
        Left -= read;
        return read;
    }

    /// <summary>Reads what is left and drops it.</summary>
    public void Drain()
    {
        Span<byte> scratch = stackalloc byte[4096];
        while (Read(scratch) > 0)
        {
        }
    }
}
