using System.Diagnostics.CodeAnalysis;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>
/// What a log asks of a witness (C2SP tlog-witness, add-checkpoint): <c>BODY := "old " decimal LF, 0 to 63 × (base64 hash LF), LF, NOTE</c>. Nothing in it is verified.
/// </summary>
/// <param name="OldSize">Size of the last checkpoint that the witness cosigned, as far as the log knows.</param>
/// <param name="Proof">That the checkpoint extends it; at most <see cref="MerkleProof.MaxLength"/> hashes.</param>
/// <param name="Note">The new checkpoint with the log's signature.</param>
public sealed record AddCheckpointRequest(long OldSize, IReadOnlyList<Sha256Digest> Proof, SignedNote Note)
{
    /// <summary>The longest body in bytes.</summary>
    public const int MaxLength = SignedNote.MaxLength + MerkleProof.MaxLength * (StrictText.DigestLength + 1) + 64;

    private const string OldKey = "old ";

    public byte[] ToBytes() => NoteWithHeader.Join($"{OldKey}{StrictText.Decimal(OldSize)}\n", Proof, Note);

    /// <summary>Reads a body. What is not byte for byte what <see cref="ToBytes"/> writes is refused; so is a checkpoint with extension lines.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out AddCheckpointRequest? request, [NotNullWhen(false)] out string? error)
    {
        (request, error) = (null, $"longer than {MaxLength} bytes");
        if (bytes.Length > MaxLength || !NoteWithHeader.TrySplit(bytes, out var header, out var note, out error)) return false;
        ReadOnlySpan<char> rest = header;
        error = "its old size is malformed";
        if (!StrictText.TryTakeLine(ref rest, out var line) || !line.StartsWith(OldKey) || !StrictText.TryParseDecimal(line[OldKey.Length..], out var oldSize)) return false;
        error = "its hashes are malformed or too many";
        if (!NoteWithHeader.TryReadHashes(rest, out var proof)) return false;
        (request, error) = (new AddCheckpointRequest(oldSize, proof, note), null);
        return true;
    }
}
