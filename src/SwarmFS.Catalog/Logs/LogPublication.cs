using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>How a signed checkpoint of the own log leaves the process: kept on disk, cosigned, its files pinned in the place of the older ones, announced. Used under the log's gate.</summary>
internal sealed class LogPublication(
    Ed25519PrivateKey key, IStateFiles files, IBlockStore store, TlogPolicy witnesses, ICosigners? cosigners, VerifierKey log)
{
    private const string CheckpointFile = "checkpoint";

    /// <summary>The root of the files that are pinned, so that a start can unpin it when it is no longer theirs.</summary>
    private const string FilesFile = "files";

    private byte[]? _announcement;

    public ReadOnlyMemory<byte>? Announcement => Volatile.Read(ref _announcement) is { } announcement ? announcement : default(ReadOnlyMemory<byte>?);

    /// <returns>The checkpoint that was kept last; null when there is none.</returns>
    /// <exception cref="LogDamagedException">The file is no signed note.</exception>
    public SignedNote? Load()
    {
        if (files.Read(CheckpointFile) is not { } bytes) return null;
        return SignedNote.TryRead(bytes, out var note, out var error) ? note : throw new LogDamagedException($"The checkpoint of this node's log cannot be read: {error}. Restore it from a copy.");
    }

    /// <summary>Returns when it is on disk.</summary>
    public void Keep(SignedNote note) => files.Replace(CheckpointFile, note.ToBytes());

    /// <returns>The note with what cosignatures could be had, what the quorum lacks, and what it lacks of those that looked now.</returns>
    public async Task<(SignedNote Note, string? Missing, string? Unrenewed)> CosignAsync(SignedNote note, MerkleTree tree, long oldSize, bool renew, CancellationToken cancellationToken)
    {
        var verdict = witnesses.Evaluate(note, log);
        if (verdict.IsMet && !renew) return (note, null, null);
        if (cosigners is null) return (note, verdict.Reason ?? "no witness can be asked", null);
        var size = tree.Size;
        var request = new CosigningRequest(note, oldSize, from => from <= size ? tree.ProveConsistency(from, size) : []);
        var (cosigned, anew) = (note, note.BareOf(log)!);
        var gathered = await cosigners.GatherAsync(request, cancellationToken);
        foreach (var signature in gathered.Signatures) (cosigned, anew) = (With(cosigned, signature), With(anew, signature));
        if (cosigned != note) Keep(cosigned);
        return (cosigned, Lacking(cosigned), Lacking(anew));

        string? Lacking(SignedNote checkpoint) =>
            witnesses.Evaluate(checkpoint, log).Reason is not { } reason ? null : gathered.Refusals.Count == 0 ? reason : $"{reason} ({string.Join("; ", gathered.Refusals)})";
    }

    /// <summary>Takes a cosignature only from a witness of the policy, and only one that holds and is not older than what is there.</summary>
    private SignedNote With(SignedNote note, NoteSignature signature)
    {
        var witness = witnesses.Witnesses.FirstOrDefault(member => member.Key.Name == signature.Name && member.Key.Id == signature.KeyId)?.Key;
        if (witness is null) return note;
        var cosigned = note.With(signature);
        if (!cosigned.TryGetCosignatureTime(witness, out var time)) return note;
        return note.TryGetCosignatureTime(witness, out var before) && before >= time ? note : cosigned;
    }

    /// <summary>Pins the files, then unpins the older ones, and makes the announcement.</summary>
    public ReadOnlyMemory<byte> Announce(SignedNote note, Cid root)
    {
        var announcement = new CheckpointAnnouncement(key.PublicKey, root, note).Sign(key);
        store.Flush();
        store.Pin(root, ImporterLog.PinReason);
        var before = files.Read(FilesFile) is { } text && Cid.TryParse(Encoding.UTF8.GetString(text), out var old, out _) ? old : default;
        if (before != root)
        {
            files.Replace(FilesFile, Encoding.ASCII.GetBytes(root.ToString()));
            if (!before.IsNone) store.Unpin(before);
        }
        Volatile.Write(ref _announcement, announcement);
        return announcement;
    }
}
