using System.Diagnostics.CodeAnalysis;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>
/// Shows without a question to anyone that an entry stands in a log (C2SP tlog-proof):
/// <c>PROOF := "c2sp.org/tlog-proof@v1" LF, ["extra " base64 LF], "index " decimal LF, 0 to 63 × (base64 hash LF), LF, NOTE</c>. Nothing in it is verified until <see cref="Verify"/> says so.
/// </summary>
/// <param name="Index">Of the entry, from 0.</param>
/// <param name="Hashes">From the entry's sibling up to the root's child; at most <see cref="MerkleProof.MaxLength"/>.</param>
/// <param name="Note">The checkpoint with the log's signature and its cosignatures.</param>
/// <param name="Extra">Signed by nobody; null when there is none, never empty.</param>
public sealed record TlogProof(long Index, IReadOnlyList<Sha256Digest> Hashes, SignedNote Note, ReadOnlyMemory<byte>? Extra = null)
{
    /// <summary>The longest <see cref="Extra"/> in bytes: a record of the catalogue fits.</summary>
    public const int MaxExtraLength = 8 << 10;

    /// <summary>The longest proof in bytes.</summary>
    public const int MaxLength = SignedNote.MaxLength + MerkleProof.MaxLength * (StrictText.DigestLength + 1) + (MaxExtraLength + 2) / 3 * 4 + 128;

    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string ExtraKey = "extra ";
    private const string IndexKey = "index ";

    public byte[] ToBytes()
    {
        var extra = Extra is { } bytes ? $"{ExtraKey}{Convert.ToBase64String(bytes.Span)}\n" : "";
        return NoteWithHeader.Join($"{Header}\n{extra}{IndexKey}{StrictText.Decimal(Index)}\n", Hashes, Note);
    }

    /// <summary>Reads a proof. What is not byte for byte what <see cref="ToBytes"/> writes is refused.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TlogProof? proof, [NotNullWhen(false)] out string? error)
    {
        proof = null;
        if (bytes.Length > MaxLength)
        {
            error = $"longer than {MaxLength} bytes";
            return false;
        }
        if (!NoteWithHeader.TrySplit(bytes, out var header, out var note, out error)) return false;
        ReadOnlySpan<char> rest = header;
        error = $"not a proof of kind {Header}";
        if (!StrictText.TryTakeLine(ref rest, out var line) || !line.SequenceEqual(Header) || !StrictText.TryTakeLine(ref rest, out line)) return false;
        error = "its extra data are malformed";
        if (!TryReadExtra(line, out var extra)) return false;
        error = "its index is malformed";
        if (extra is not null && !StrictText.TryTakeLine(ref rest, out line)) return false;
        if (!line.StartsWith(IndexKey) || !StrictText.TryParseDecimal(line[IndexKey.Length..], out var index)) return false;
        error = "its hashes are malformed or too many";
        if (!NoteWithHeader.TryReadHashes(rest, out var hashes)) return false;
        (proof, error) = (new TlogProof(index, hashes, note, extra), null);
        return true;
    }

    /// <summary>True with null for a line that is not about extra data.</summary>
    private static bool TryReadExtra(ReadOnlySpan<char> line, out ReadOnlyMemory<byte>? extra)
    {
        extra = null;
        if (!line.StartsWith(ExtraKey)) return true;
        if (!StrictText.TryParseBase64(line[ExtraKey.Length..], out var bytes) || bytes.Length is 0 or > MaxExtraLength) return false;
        extra = bytes;
        return true;
    }

    /// <summary>Does the entry with this hash stand in this log? Whether enough witnesses have seen the checkpoint is for a policy to say (<see cref="TlogPolicy.Evaluate"/>).</summary>
    /// <param name="error">Says what fails.</param>
    public bool Verify(VerifierKey log, in Sha256Digest leafHash, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (!Checkpoint.TryRead(Note.Text, out var checkpoint, out var reason)) error = $"its note is no checkpoint: {reason}";
        else if (checkpoint.Origin != log.Name) error = "its checkpoint is of another log";
        else if (Note.Verify(log) != NoteVerdict.Valid) error = "its checkpoint is not signed by the log";
        else if (!MerkleProof.VerifyInclusion(Index, checkpoint.Size, leafHash, Hashes, checkpoint.Root)) error = "its hashes do not lead from the entry to the root";
        return error is null;
    }
}
