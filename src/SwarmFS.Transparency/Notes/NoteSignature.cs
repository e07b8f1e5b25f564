using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Transparency;

/// <summary>
/// One line under a note, not yet verified: <c>LINE := "— " name ' ' base64(u32 key id, big-endian; signature)</c> (C2SP signed-note), here without the line feed.
/// </summary>
/// <param name="Signature">What the key made; its form depends on the key's type.</param>
public sealed record NoteSignature(string Name, uint KeyId, ReadOnlyMemory<byte> Signature)
{
    private const string Dash = "— ";
    private const int IdLength = sizeof(uint);

    public override string ToString()
    {
        var bytes = new byte[IdLength + Signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
        Signature.Span.CopyTo(bytes.AsSpan(IdLength));
        return $"{Dash}{Name} {Convert.ToBase64String(bytes)}";
    }

    /// <summary>Reads what <see cref="ToString"/> writes and nothing else.</summary>
    public static bool TryParse(ReadOnlySpan<char> line, [NotNullWhen(true)] out NoteSignature? signature)
    {
        signature = null;
        if (line.Length > SignedNote.MaxLength || !line.StartsWith(Dash)) return false;
        var rest = line[Dash.Length..];
        var space = rest.IndexOf(' ');
        if (space < 0 || !KeyName.IsValid(rest[..space])) return false;
        if (!StrictText.TryParseBase64(rest[(space + 1)..], out var bytes) || bytes.Length <= IdLength) return false;
        signature = new NoteSignature(rest[..space].ToString(), BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes.AsMemory(IdLength));
        return true;
    }

    public bool IsOf(VerifierKey key) => KeyId == key.Id && Name == key.Name;

    public bool Equals(NoteSignature? other) => other is not null && KeyId == other.KeyId && Name == other.Name && Signature.Span.SequenceEqual(other.Signature.Span);

    public override int GetHashCode() => HashCode.Combine(Name, KeyId, Signature.Length);
}
