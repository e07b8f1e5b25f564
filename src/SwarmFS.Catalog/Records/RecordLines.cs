using System.Globalization;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>
/// Takes a record apart line by line: <c>key SP value LF</c>. The first thing that does not hold is kept in <see cref="Error"/>; what is read after it has no meaning. It may take more
/// than one spelling of a value: the record is written again and compared.
/// </summary>
internal ref struct RecordLines(string text)
{
    /// <summary>How the last line of a signed record begins; it ends the statement.</summary>
    public const string SignatureKey = "\nsignature ";

    /// <summary>The last second of the year 9999, which is the last that a DateTimeOffset holds.</summary>
    private const long TimeMax = 253_402_300_799;

    private const string DateFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private ReadOnlySpan<char> _rest = text;

    public string? Error { get; private set; }

    public string Header() => Line().ToString();

    /// <summary>The value of the next line, which must have this key.</summary>
    public ReadOnlySpan<char> Value(string key)
    {
        var line = Line();
        if (line.Length > key.Length && line.StartsWith(key) && line[key.Length] == ' ') return line[(key.Length + 1)..];
        Refuse($"it has no line '{key} …' in its place");
        return [];
    }

    public string Text(string key) => Value(key).ToString();

    /// <summary>Does the next line have this key? For lines that may stand any number of times.</summary>
    public readonly bool Has(string key) => _rest.Length > key.Length && _rest.StartsWith(key) && _rest[key.Length] == ' ';

    /// <summary>Is this the whole next line?</summary>
    public readonly bool Is(string line) => _rest.Length > line.Length && _rest.StartsWith(line) && _rest[line.Length] == '\n';

    /// <summary>Takes all lines that are left.</summary>
    public string Rest()
    {
        var rest = _rest.ToString();
        _rest = [];
        return rest;
    }

    public ArtifactDigest Digest(string key)
    {
        if (ArtifactDigest.TryParse(Text(key)) is { } digest) return digest;
        Refuse($"its {key} is no hash with a size");
        return new ArtifactDigest(default, 0);
    }

    public ArtifactDigest? DigestOrNone(string key)
    {
        var value = Text(key);
        if (value == "none") return null;
        var digest = ArtifactDigest.TryParse(value);
        if (digest is null) Refuse($"its {key} is neither a hash with a size nor none");
        return digest;
    }

    public Sha256Digest Hash(string key)
    {
        const string Prefix = "sha256:";
        var value = Value(key);
        if (value.StartsWith(Prefix) && Sha256Digest.TryParseHex(value[Prefix.Length..], out var hash)) return hash;
        Refuse($"its {key} is no SHA-256");
        return default;
    }

    public Cid Cid(string key)
    {
        if (Core.Cid.TryParse(Value(key), out var cid, out var error)) return cid;
        Refuse($"its {key} is no CID: {error}");
        return default;
    }

    public long Number(string key) => Number(key, Value(key), long.MaxValue);

    public long? NumberOrNone(string key)
    {
        var value = Value(key);
        return value is "none" ? null : Number(key, value, long.MaxValue);
    }

    public (long First, long Second) TwoNumbers(string key)
    {
        var value = Value(key);
        var space = Math.Max(0, value.IndexOf(' '));
        return (Number(key, value[..space], long.MaxValue), Number(key, value[Math.Min(value.Length, space + 1)..], long.MaxValue));
    }

    /// <summary>Seconds since 1970.</summary>
    public DateTimeOffset Time(string key) => DateTimeOffset.FromUnixTimeSeconds(Number(key, Value(key), TimeMax));

    public DateTimeOffset Date(string key)
    {
        if (DateTimeOffset.TryParseExact(Value(key), DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date)) return date;
        Refuse($"its {key} is no date");
        return default;
    }

    public static string Show(DateTimeOffset date) => date.UtcDateTime.ToString(DateFormat, CultureInfo.InvariantCulture);

    public Ed25519PublicKey Key(string key)
    {
        if (Ed25519PublicKey.TryParse(Value(key), out var publicKey)) return publicKey!;
        Refuse($"its {key} is no Ed25519 key");
        return new Ed25519PublicKey(new byte[Ed25519PublicKey.Length]);
    }

    public string Signature(string key)
    {
        var value = Text(key);
        Span<byte> bytes = stackalloc byte[Ed25519PublicKey.SignatureLength];
        if (!Convert.TryFromBase64String(value, bytes, out var written) || written != bytes.Length || !Convert.ToBase64String(bytes).Equals(value, StringComparison.Ordinal))
            Refuse($"its {key} is no signature");
        return value;
    }

    /// <summary>Nothing may follow.</summary>
    public void End()
    {
        if (!_rest.IsEmpty) Refuse("something stands behind its last line");
    }

    public void Require(bool holds, string otherwise)
    {
        if (!holds) Refuse(otherwise);
    }

    private ReadOnlySpan<char> Line()
    {
        var end = _rest.IndexOf('\n');
        if (end < 0)
        {
            Refuse("it ends too early");
            _rest = [];
            return [];
        }
        var line = _rest[..end];
        _rest = _rest[(end + 1)..];
        return line;
    }

    private long Number(string key, ReadOnlySpan<char> digits, long max)
    {
        if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max) return number;
        Refuse($"its {key} is no number in range");
        return 0;
    }

    private void Refuse(string reason) => Error ??= reason;
}
