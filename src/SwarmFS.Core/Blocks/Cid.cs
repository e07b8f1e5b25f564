namespace SwarmFS.Core;

/// <summary>How a block's bytes are to be read. The values are multicodec codes.</summary>
public enum CidCodec
{
    /// <summary>No block has it: the codec of <c>default(Cid)</c>.</summary>
    None = 0,

    /// <summary>Data: the bytes of a file, or of one chunk of it.</summary>
    Raw = 0x55,

    /// <summary>A node that links to other blocks, in the canonical MessagePack of this project.</summary>
    MessagePack = 0x0201,
}

/// <summary>
/// A content identifier: CIDv1 with sha2-256 (multiformats CID specification). Two CIDs are equal when codec and digest are.
/// Binary: <c>0x01, varint codec, 0x12, 0x20, 32 bytes</c>. Text: multibase base32 lower case without padding, <c>b…</c>.
/// </summary>
public readonly struct Cid : IEquatable<Cid>, IComparable<Cid>
{
    /// <summary>The longest binary form in bytes (codec <see cref="CidCodec.MessagePack"/> needs a two-byte varint).</summary>
    public const int MaxBinaryLength = 37;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    public Cid(CidCodec codec, Sha256Digest digest)
    {
        Codec = codec;
        Digest = digest;
    }

    public CidCodec Codec { get; }

    public Sha256Digest Digest { get; }

    /// <summary>True for the value that no block has: <c>default(Cid)</c>.</summary>
    public bool IsNone => Codec == CidCodec.None;

    /// <summary>The CID of these bytes under this codec.</summary>
    public static Cid Of(CidCodec codec, ReadOnlySpan<byte> bytes) => new(codec, Sha256Digest.Of(bytes));

    /// <summary>Writes the binary form and returns its length: 36 bytes for raw, 37 for nodes.</summary>
    public int WriteTo(Span<byte> destination)
    {
        var at = 0;
        destination[at++] = 0x01;
        if (Codec == CidCodec.Raw)
        {
            destination[at++] = 0x55;
        }
        else
        {
            destination[at++] = 0x81;
            destination[at++] = 0x04;
        }
        destination[at++] = 0x12;
        destination[at++] = Sha256Digest.Length;
        Digest.CopyTo(destination[at..]);
        return at + Sha256Digest.Length;
    }

    /// <summary>Reads exactly one CID that fills <paramref name="bytes"/>.</summary>
    /// <param name="error">Names the version, codec or hash that is not supported, or says what is malformed.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Cid cid, out string? error)
    {
        cid = default;
        if (bytes.Length < 4) return Fail("a CID has at least 4 bytes", out error);
        if (bytes[0] != 0x01) return Fail($"CID version {bytes[0]} is not supported; only version 1 is", out error);
        var codec = bytes[1] == 0x55 ? CidCodec.Raw : bytes[1] == 0x81 && bytes[2] == 0x04 ? CidCodec.MessagePack : CidCodec.None;
        var hash = bytes[(codec == CidCodec.Raw ? 2 : 3)..];
        if (codec == CidCodec.None) return Fail($"codec 0x{bytes[1]:x2} is not supported; raw (0x55) and messagepack (0x0201) are", out error);
        if (hash.Length < 2 || hash[0] != 0x12) return Fail($"hash function 0x{(hash.Length > 0 ? hash[0] : 0):x2} is not supported; sha2-256 (0x12) is", out error);
        if (hash[1] != Sha256Digest.Length || hash.Length != 2 + Sha256Digest.Length) return Fail("a sha2-256 multihash has 34 bytes", out error);
        cid = new Cid(codec, new Sha256Digest(hash[2..]));
        error = null;
        return true;
    }

    private static bool Fail(string reason, out string? error)
    {
        error = reason;
        return false;
    }

    /// <summary>Reads the canonical text form; upper case, padding and stray bits are refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Cid cid, out string? error)
    {
        cid = default;
        if (text.Length == 0 || text[0] != 'b') return Fail("a CID's text form begins with 'b' (base32, lower case)", out error);
        if (text.Length > 1 + (MaxBinaryLength * 8 + 4) / 5) return Fail("too long for a CID", out error);
        Span<byte> bytes = stackalloc byte[MaxBinaryLength + 1];
        var (buffer, bits, length) = (0u, 0, 0);
        foreach (var c in text[1..])
        {
            var value = c is >= 'a' and <= 'z' ? c - 'a' : c is >= '2' and <= '7' ? c - '2' + 26 : -1;
            if (value < 0) return Fail($"'{c}' is not a base32 digit", out error);
            buffer = (buffer << 5) | (uint)value;
            bits += 5;
            if (bits < 8) continue;
            bits -= 8;
            bytes[length++] = (byte)(buffer >> bits);
            buffer &= (1u << bits) - 1;
        }
        if (bits >= 5 || buffer != 0) return Fail("the base32 text has stray bits at its end", out error);
        return TryRead(bytes[..length], out cid, out error);
    }

    /// <exception cref="FormatException">The text is not a supported CID; the message says why.</exception>
    public static Cid Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var cid, out var error) ? cid : throw new FormatException($"'{text}' is not a CID: {error}.");

    /// <summary>The multibase text form, <c>bafkrei…</c> for raw data.</summary>
    public override string ToString()
    {
        if (IsNone) return "none";
        Span<byte> bytes = stackalloc byte[MaxBinaryLength];
        var length = WriteTo(bytes);
        Span<char> text = stackalloc char[1 + (MaxBinaryLength * 8 + 4) / 5];
        text[0] = 'b';
        var (buffer, bits, at) = (0u, 0, 1);
        foreach (var value in bytes[..length])
        {
            buffer = (buffer << 8) | value;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text[at++] = Alphabet[(int)(buffer >> bits) & 31];
            }
            buffer &= (1u << bits) - 1;
        }
        if (bits > 0) text[at++] = Alphabet[(int)(buffer << (5 - bits)) & 31];
        return new string(text[..at]);
    }

    /// <summary>The last ten characters of the text form, for logs: the first ones are alike in all CIDs.</summary>
    public string ToShortString() => ToString() is { Length: > 10 } text ? "…" + text[^10..] : ToString();

    public bool Equals(Cid other) => Codec == other.Codec && Digest == other.Digest;

    public override bool Equals(object? obj) => obj is Cid other && Equals(other);

    public override int GetHashCode() => Digest.GetHashCode() ^ (int)Codec;

    public int CompareTo(Cid other) => Digest.CompareTo(other.Digest) is var order && order != 0 ? order : Codec.CompareTo(other.Codec);

    public static bool operator ==(Cid left, Cid right) => left.Equals(right);
    public static bool operator !=(Cid left, Cid right) => !left.Equals(right);
    public static bool operator <(Cid left, Cid right) => left.CompareTo(right) < 0;
    public static bool operator >(Cid left, Cid right) => left.CompareTo(right) > 0;
    public static bool operator <=(Cid left, Cid right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Cid left, Cid right) => left.CompareTo(right) >= 0;
}
