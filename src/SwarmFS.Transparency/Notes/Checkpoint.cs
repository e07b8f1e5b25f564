using System.Diagnostics.CodeAnalysis;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>
/// What a log commits to by its signature (C2SP tlog-checkpoint): <c>CHECKPOINT := origin LF, decimal size LF, base64 root LF</c>. Extension lines, which no monitor can audit, are refused.
/// </summary>
/// <param name="Origin">Names the log.</param>
/// <param name="Size">Entries in the tree.</param>
/// <param name="Root">Of the tree. That it is <see cref="MerkleHash.EmptyRoot"/> for size 0 is for the checks of proofs to see.</param>
public sealed record Checkpoint(string Origin, long Size, Sha256Digest Root)
{
    /// <summary>The longest origin in bytes, as of a key's name.</summary>
    public const int MaxOriginLength = KeyName.MaxLength;

    private const int LastLines = 19 + 1 + StrictText.DigestLength + 1;

    /// <summary>The text of the note.</summary>
    public string ToText() => $"{Origin}\n{StrictText.Decimal(Size)}\n{StrictText.Base64(Root)}\n";

    /// <summary>Reads what <see cref="ToText"/> writes and nothing else.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryRead(string text, [NotNullWhen(true)] out Checkpoint? checkpoint, [NotNullWhen(false)] out string? error)
    {
        (checkpoint, error) = (null, null);
        ReadOnlySpan<char> rest = text.Length <= MaxOriginLength + 1 + LastLines ? text : default;
        if (!StrictText.TryTakeLine(ref rest, out var origin) || !IsOrigin(origin)) error = "its origin is missing, too long or malformed";
        else if (!StrictText.TryTakeLine(ref rest, out var digits) || !StrictText.TryParseDecimal(digits, out var size)) error = "its size is not a decimal number";
        else if (!StrictText.TryTakeLine(ref rest, out var hash) || !StrictText.TryParseDigest(hash, out var root)) error = "its root is not 32 bytes in base64";
        else if (!rest.IsEmpty) error = "it has extension lines";
        else checkpoint = new Checkpoint(origin.ToString(), size, root);
        return checkpoint is not null;
    }

    private static bool IsOrigin(ReadOnlySpan<char> origin) =>
        !origin.IsEmpty && StrictText.IsWellFormed(origin, hasLines: false) && Encoding.UTF8.GetByteCount(origin) <= MaxOriginLength;
}
