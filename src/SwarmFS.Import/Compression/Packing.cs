namespace SwarmFS.Import;

/// <summary>How bytes are packed, told by the end of a file's name.</summary>
internal static class Packing
{
    /// <summary>Bytes that unpack from one packed byte, on average, and a start for small ones; twenty times what the densest real packages reach.</summary>
    private const int Ratio = 100;

    private const long Allowance = 64L << 20;

    private const long Ceiling = 16L << 30;

    /// <summary>The most that something packed may unpack to, in bytes: min(16 GiB, 100 × size + 64 MiB).</summary>
    public static long Bound(long packedSize) => packedSize > Ceiling / Ratio ? Ceiling : Math.Min(Ceiling, (Ratio * packedSize) + Allowance);

    /// <summary>
    /// A stream of the unpacked bytes, which owns <paramref name="packed"/>.
    /// </summary>
    /// <param name="suffix">"", ".gz", ".xz" or ".zst".</param>
    /// <returns>Null when the suffix is another one.</returns>
    public static Stream? Open(string suffix, Stream packed) => suffix switch
    {
        "" => packed,
        ".gz" => new GzipStream(packed),
        ".xz" => new XzStream(packed),
        ".zst" => new ZstdStream(packed),
        _ => null,
    };
}
