namespace SwarmFS.Core;

/// <summary>
/// The 256 random numbers of the gear hash. Entry i is the first eight bytes, as a big-endian number, of the SHA-256 of 19 bytes: the 18 ASCII bytes
/// "swarmfs gear table" and one byte of value i.
/// </summary>
internal static class GearTable
{
    public static readonly ulong[] Entries = Make();

    private static ulong[] Make()
    {
        var entries = new ulong[256];
        Span<byte> input = [.. "swarmfs gear table"u8, 0];
        for (var i = 0; i < entries.Length; i++)
        {
            input[^1] = (byte)i;
            entries[i] = Sha256Digest.Of(input).Prefix;
        }
        return entries;
    }
}
