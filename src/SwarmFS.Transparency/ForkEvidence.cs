using System.Diagnostics.CodeAnalysis;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>Shows that a tree of the older checkpoint's size, with another root than it says, is the beginning of the newer checkpoint's tree.</summary>
public sealed record ForkProof(Sha256Digest OtherRoot, IReadOnlyList<Sha256Digest> Hashes);

/// <summary>
/// Two checkpoints that one log signed and that cannot both be true. Anyone can verify it, with nothing but the log's key:
/// <code>
/// swarmfs.fork-evidence/v1
/// log &lt;vkey&gt;
/// notes &lt;bytes of the first&gt; &lt;bytes of the second&gt;
/// root &lt;base64&gt;                              with the proof, when the sizes differ: the root that the second checkpoint's tree has at the first one's size
/// &lt;base64 of a hash&gt;                       0 to 63 lines
///
/// &lt;the first note&gt;&lt;the second note&gt;
/// </code>
/// </summary>
/// <param name="First">The smaller one.</param>
/// <param name="Proof">Null when both have one size and different roots.</param>
public sealed record ForkEvidence(VerifierKey Log, SignedNote First, SignedNote Second, ForkProof? Proof)
{
    /// <summary>The longest evidence in bytes.</summary>
    public const int MaxLength = 2 * SignedNote.MaxLength + (MerkleProof.MaxLength + 1) * (StrictText.DigestLength + 1) + 512;

    private const string Header = "swarmfs.fork-evidence/v1";
    private const string LogKey = "log ";
    private const string NotesKey = "notes ";
    private const string RootKey = "root ";

    /// <summary>The evidence that lies in two checkpoints; null when they do not contradict each other as far as can be told.</summary>
    /// <param name="treeOfLarger">The hashes under the larger checkpoint, or more of its log; null when they are not at hand, and then only checkpoints of one size can be compared.</param>
    public static ForkEvidence? Find(VerifierKey log, SignedNote one, SignedNote other, MerkleTree? treeOfLarger)
    {
        if (!Checkpoint.TryRead(one.Text, out var first, out _) || !Checkpoint.TryRead(other.Text, out var second, out _)) return null;
        if (first.Size > second.Size) (one, other, first, second) = (other, one, second, first);
        ForkProof? proof = null;
        if (first.Size != second.Size)
        {
            if (treeOfLarger is null || treeOfLarger.Size < second.Size) return null;
            proof = new ForkProof(treeOfLarger.RootAt(first.Size), treeOfLarger.ProveConsistency(first.Size, second.Size));
        }
        var evidence = new ForkEvidence(log, one, other, proof);
        return evidence.Verify(out _) ? evidence : null;
    }

    /// <summary>Did the log with this key sign two checkpoints that contradict each other? That the key is the log's is for the caller's policy to say.</summary>
    /// <param name="error">Says what fails.</param>
    public bool Verify([NotNullWhen(false)] out string? error)
    {
        error = null;
        if (!Checkpoint.TryRead(First.Text, out var first, out error) || !Checkpoint.TryRead(Second.Text, out var second, out error)) return false;
        if (Log.Type != SignatureType.Log || first.Origin != Log.Name || second.Origin != Log.Name) error = "a checkpoint is of another log";
        else if (First.Verify(Log) != NoteVerdict.Valid || Second.Verify(Log) != NoteVerdict.Valid) error = "a checkpoint is not signed by the log";
        else if (Proof is null ? first.Size != second.Size : first.Size >= second.Size) error = "the sizes do not fit the kind of evidence";
        else if (first.Root == (Proof?.OtherRoot ?? second.Root)) error = "the checkpoints do not contradict each other";
        else if (Proof is not null && !MerkleProof.VerifyConsistency(first.Size, second.Size, Proof.Hashes, Proof.OtherRoot, second.Root)) error = "the proof does not hold";
        return error is null;
    }

    public byte[] ToBytes()
    {
        var (first, second) = (First.ToBytes(), Second.ToBytes());
        var header = new StringBuilder($"{Header}\n{LogKey}{Log}\n{NotesKey}{StrictText.Decimal(first.Length)} {StrictText.Decimal(second.Length)}\n");
        if (Proof is not null) header.Append(RootKey).Append(StrictText.Base64(Proof.OtherRoot)).Append('\n');
        foreach (var hash in Proof?.Hashes ?? []) header.Append(StrictText.Base64(hash)).Append('\n');
        return [.. StrictText.ToBytes(header.Append('\n').ToString()), .. first, .. second];
    }

    /// <summary>Reads evidence, and verifies nothing. What is not byte for byte what <see cref="ToBytes"/> writes is refused.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ForkEvidence? evidence, [NotNullWhen(false)] out string? error)
    {
        evidence = null;
        error = $"not evidence of kind {Header}";
        var end = bytes.IndexOf("\n\n"u8);
        if (bytes.Length > MaxLength || end < 0 || !StrictText.TryDecode(bytes[..(end + 1)], out var header)) return false;
        ReadOnlySpan<char> rest = header;
        if (!StrictText.TryTakeLine(ref rest, out var line) || !line.SequenceEqual(Header)) return false;
        error = "its log is malformed";
        if (!StrictText.TryTakeLine(ref rest, out line) || !line.StartsWith(LogKey) || !VerifierKey.TryParse(line[LogKey.Length..], out var log)) return false;
        error = "its proof is malformed";
        if (!StrictText.TryTakeLine(ref rest, out var notes) || !TryReadProof(rest, out var proof)) return false;
        if (!TryReadNotes(notes, bytes[(end + 2)..], out var first, out var second, out error)) return false;
        (evidence, error) = (new ForkEvidence(log, first, second, proof), null);
        return true;
    }

    /// <summary>True with null when there are no lines.</summary>
    private static bool TryReadProof(ReadOnlySpan<char> lines, out ForkProof? proof)
    {
        proof = null;
        if (!StrictText.TryTakeLine(ref lines, out var line)) return lines.IsEmpty;
        if (!line.StartsWith(RootKey) || !StrictText.TryParseDigest(line[RootKey.Length..], out var root) || !NoteWithHeader.TryReadHashes(lines, out var hashes)) return false;
        proof = new ForkProof(root, hashes);
        return true;
    }

    private static bool TryReadNotes(
        ReadOnlySpan<char> line, ReadOnlySpan<byte> notes, [NotNullWhen(true)] out SignedNote? first, [NotNullWhen(true)] out SignedNote? second, [NotNullWhen(false)] out string? error)
    {
        (first, second) = (null, null);
        error = "the lengths of its notes are malformed";
        if (!line.StartsWith(NotesKey)) return false;
        var lengths = line[NotesKey.Length..];
        var space = lengths.IndexOf(' ');
        if (space < 0 || !StrictText.TryParseDecimal(lengths[..space], out var one) || !StrictText.TryParseDecimal(lengths[(space + 1)..], out var other)) return false;
        if (one > notes.Length || other != notes.Length - one) return false;
        return SignedNote.TryRead(notes[..(int)one], out first, out error) && SignedNote.TryRead(notes[(int)one..], out second, out error);
    }
}
