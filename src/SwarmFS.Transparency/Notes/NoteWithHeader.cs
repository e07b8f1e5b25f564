using System.Diagnostics.CodeAnalysis;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>The shape that proofs and requests share: lines of a header, the last of them hashes, then an empty line and a checkpoint.</summary>
internal static class NoteWithHeader
{
    internal static byte[] Join(string firstLines, IEnumerable<Sha256Digest> hashes, SignedNote note)
    {
        var header = new StringBuilder(firstLines);
        foreach (var hash in hashes) header.Append(StrictText.Base64(hash)).Append('\n');
        return [.. StrictText.ToBytes(header.Append('\n').ToString()), .. note.ToBytes()];
    }

    /// <param name="header">The lines before the first empty one, each with its line feed.</param>
    internal static bool TrySplit(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? header, [NotNullWhen(true)] out SignedNote? note, [NotNullWhen(false)] out string? error)
    {
        (header, note) = (null, null);
        var end = bytes.IndexOf("\n\n"u8);
        error = "no empty line parts the header from the checkpoint";
        if (end < 0) return false;
        error = "its header is not UTF-8";
        if (!StrictText.TryDecode(bytes[..(end + 1)], out var lines)) return false;
        if (!SignedNote.TryRead(bytes[(end + 2)..], out note, out error) || !Checkpoint.TryRead(note.Text, out _, out error)) return false;
        header = lines;
        return true;
    }

    internal static bool TryReadHashes(ReadOnlySpan<char> lines, [NotNullWhen(true)] out Sha256Digest[]? hashes)
    {
        hashes = null;
        var read = new List<Sha256Digest>();
        while (StrictText.TryTakeLine(ref lines, out var line))
        {
            if (read.Count == MerkleProof.MaxLength || !StrictText.TryParseDigest(line, out var hash)) return false;
            read.Add(hash);
        }
        if (!lines.IsEmpty) return false;
        hashes = [.. read];
        return true;
    }
}
