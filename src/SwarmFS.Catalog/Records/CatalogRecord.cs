using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>
/// An entry of a log (CATALOG.md, "Records"): UTF-8, LF at each line's end, keys in a fixed order, one space between words, at most 8 KiB. The entry is exactly these bytes, so two honest
/// importers who found the same write the same, and equal values are equal bytes.
/// </summary>
public abstract record CatalogRecord
{
    /// <summary>Bytes of an entry.</summary>
    public const int LengthMax = 8 << 10;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private protected CatalogRecord()
    {
    }

    /// <summary>The whole text.</summary>
    private protected abstract string Text();

    /// <exception cref="InvalidOperationException">A value was put in that no record may hold, so no decoder would take it.</exception>
    public byte[] Encode()
    {
        var bytes = Strict.GetBytes(Text());
        if (TryRead(bytes, out var error) is null) throw new InvalidOperationException($"This record cannot be written: {error}.");
        return bytes;
    }

    /// <summary>Reads a record of any kind and checks the signature where it has one. What is not byte for byte what <see cref="Encode"/> writes is refused.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static CatalogRecord? TryRead(ReadOnlySpan<byte> entry, out string? error)
    {
        if (entry.Length > LengthMax) return Refuse($"longer than {LengthMax} bytes", out error);
        string text;
        try
        {
            text = Strict.GetString(entry);
        }
        catch (DecoderFallbackException)
        {
            return Refuse("not UTF-8", out error);
        }
        var lines = new RecordLines(text);
        var record = Read(ref lines);
        if (record is null || lines.Error is not null) return Refuse(lines.Error ?? "of no kind that this node knows", out error);
        if (!record.Text().Equals(text, StringComparison.Ordinal)) return Refuse("not in canonical form", out error);
        if (record is ISignedRecord signed && !IsSigned(signed, text)) return Refuse("its signature is not the publisher's", out error);
        error = null;
        return record;
    }

    private static CatalogRecord? Read(ref RecordLines lines) => lines.Header() switch
    {
        SuiteRecord.Header => SuiteRecord.Read(ref lines),
        TreeRecord.Header => TreeRecord.Read(ref lines),
        ReleaseRecord.Header => ReleaseRecord.Read(ref lines),
        RevokeRecord.Header => RevokeRecord.Read(ref lines),
        HeadRecord.Header => HeadRecord.Read(ref lines),
        _ => null,
    };

    /// <summary>The signature of a statement: everything up to and including the line of the key.</summary>
    private protected static string SignStatement(string statement, Ed25519PrivateKey key) => Convert.ToBase64String(key.Sign(Strict.GetBytes(statement)));

    private static bool IsSigned(ISignedRecord record, string text)
    {
        var statement = text.AsSpan(0, text.LastIndexOf(RecordLines.SignatureKey) + 1);
        var bytes = new byte[Strict.GetByteCount(statement)];
        Strict.GetBytes(statement, bytes);
        return record.Key.Verify(bytes, Convert.FromBase64String(record.Signature));
    }

    private static CatalogRecord? Refuse(string reason, out string? error)
    {
        error = reason;
        return null;
    }
}

/// <summary>A record that its publisher signs: every line up to and including the key's. The first line separates the signature's domain from that of other texts.</summary>
public interface ISignedRecord
{
    /// <summary><c>pub/</c> and the SHA-256 of the key.</summary>
    string Namespace { get; }

    Ed25519PublicKey Key { get; }

    /// <summary>Canonical base64 of 64 bytes.</summary>
    string Signature { get; }
}
