using System.Diagnostics.CodeAnalysis;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>
/// "My log has come so far, and its files are there": what peers relay of a log, at most 8 KiB:
/// <code>
/// swarmfs.checkpoint/v1
/// log &lt;base64 Ed25519 public key&gt;
/// files &lt;CID of the directory of the log's files&gt;
/// signature &lt;base64 Ed25519 by the log's key over the three lines above and the note&gt;
///
/// &lt;the note: checkpoint, log signature, cosignatures&gt;
/// </code>
/// That the checkpoint in the note is the log's is for a policy to say.
/// </summary>
internal sealed record CheckpointAnnouncement(Ed25519PublicKey Log, Cid Files, SignedNote Note)
{
    /// <summary>The bytes that it was read from; empty for one that is not signed yet.</summary>
    public ReadOnlyMemory<byte> Record { get; private init; }

    private const string Header = "swarmfs.checkpoint/v1";

    private const string SignatureKey = "signature ";

    /// <exception cref="InvalidOperationException">The note has too many cosignatures to be announced.</exception>
    public byte[] Sign(Ed25519PrivateKey key)
    {
        byte[] record = [.. Encoding.ASCII.GetBytes($"{Statement()}{SignatureKey}{Convert.ToBase64String(key.Sign(Signed()))}\n\n"), .. Note.ToBytes()];
        return record.Length <= IAnnouncementLog.MaxRecordLength
            ? record
            : throw new InvalidOperationException($"An announcement of {record.Length} bytes is too long: a checkpoint has room for cosignatures up to {IAnnouncementLog.MaxRecordLength} bytes in all.");
    }

    /// <summary>Reads an announcement and checks its signature under the key that it names. What is not byte for byte what <see cref="Sign"/> writes is refused.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryRead(ReadOnlySpan<byte> record, [NotNullWhen(true)] out CheckpointAnnouncement? announcement, [NotNullWhen(false)] out string? error)
    {
        announcement = null;
        error = $"longer than {IAnnouncementLog.MaxRecordLength} bytes";
        if (record.Length > IAnnouncementLog.MaxRecordLength) return false;
        error = $"not a record of kind {Header}";
        var end = record.IndexOf("\n\n"u8);
        if (end < 0 || record[..end].ContainsAnyExceptInRange((byte)'\n', (byte)'~')) return false;
        var lines = new RecordLines(Encoding.ASCII.GetString(record[..(end + 1)]));
        if (lines.Header() != Header) return false;
        var (log, files, signature) = (lines.Key("log"), lines.Cid("files"), lines.Signature("signature"));
        lines.End();
        error = lines.Error;
        if (error is not null) return false;
        if (!SignedNote.TryRead(record[(end + 2)..], out var note, out error)) return false;
        var read = new CheckpointAnnouncement(log, files, note);
        error = "not in canonical form";
        if (!record[..(end + 1)].SequenceEqual(Encoding.ASCII.GetBytes($"{read.Statement()}{SignatureKey}{signature}\n"))) return false;
        error = "its signature is not the log's";
        if (!log.Verify(read.Signed(), Convert.FromBase64String(signature))) return false;
        (announcement, error) = (read with { Record = record.ToArray() }, null);
        return true;
    }

    private string Statement() => $"{Header}\nlog {Log}\nfiles {Files}\n";

    private byte[] Signed() => [.. Encoding.ASCII.GetBytes(Statement()), .. Note.ToBytes()];
}
