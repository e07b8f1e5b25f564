namespace SwarmFS.Core;

/// <summary>The rule for names of entries: 1–255 bytes without '/' and NUL, not "." and not "..". Names are bytes, not text.</summary>
internal static class EntryName
{
    public static bool IsValid(ReadOnlySpan<byte> name) =>
        name.Length is >= 1 and <= Limits.NameLength && !name.ContainsAny((byte)0, (byte)'/') && !name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8);
}
