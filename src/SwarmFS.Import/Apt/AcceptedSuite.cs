using System.Text.Json;
using System.Text.Json.Serialization;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>An index that an accepted suite lists and that lies unpacked beside it.</summary>
/// <param name="Path">As the Release names it, unpacked: "main/binary-amd64/Packages".</param>
/// <param name="Sha256">Hexadecimal.</param>
/// <param name="Namespace">Null where the Release lacks the words for one.</param>
/// <param name="Index">CID of the suite index that was made of it; null when none was made yet.</param>
/// <param name="Entries">Of that index.</param>
internal sealed record AcceptedIndex(string Path, long Size, string Sha256, string? Namespace = null, string? Index = null, int Entries = 0)
{
    /// <summary>The CID of the suite index; none when there is none, or what was written down is no CID: then it is made again.</summary>
    [JsonIgnore]
    public Cid Root => Cid.TryParse(Index, out var root, out _) ? root : default;

    [JsonIgnore]
    public string FileName => "Packages-" + Sha256;

    [JsonIgnore]
    public Sha256Digest Digest => Hex.Digest(Sha256);
}

/// <summary>
/// The last thing that a suite said and that was believed. It outlives the process: an older word is refused because of it.
/// </summary>
/// <param name="Payload">SHA-256 of the signed text, hexadecimal.</param>
internal sealed record AcceptedSuite(
    string Source, DateTimeOffset Date, DateTimeOffset? ValidUntil, string Payload, IReadOnlyList<string> Signers, IReadOnlyList<AcceptedIndex> Indices)
{
    public const string FileName = "accepted.json";

    [JsonIgnore]
    public Sha256Digest PayloadDigest => Hex.Digest(Payload);

    /// <returns>Null when nothing was accepted yet.</returns>
    /// <exception cref="ImportRefusedException">The file is damaged; the message says what deleting it means.</exception>
    public static AcceptedSuite? Read(string directory)
    {
        var path = System.IO.Path.Join(directory, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            var accepted = JsonSerializer.Deserialize(File.ReadAllBytes(path), AcceptedSuiteJson.Default.AcceptedSuite);
            if (accepted is not null && accepted.Indices.All(index => Sha256Digest.TryParseHex(index.Sha256, out _)) && Sha256Digest.TryParseHex(accepted.Payload, out _))
                return accepted;
        }
        catch (JsonException)
        {
            // Told below, as any other damage.
        }
        throw new ImportRefusedException($"{path} is damaged, so what the suite last said is not known. Delete it to accept whatever correctly signed state the source offers next.");
    }

    /// <summary>Replaces what was accepted, so that after a power cut it is either the old or the new.</summary>
    public void Write(string directory)
    {
        var path = System.IO.Path.Join(directory, FileName);
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, this, AcceptedSuiteJson.Default.AcceptedSuite);
            Durable.Flush(file);
        }
        File.Move(temporary, path, overwrite: true);
    }
}

internal static class Hex
{
    /// <exception cref="FormatException">Not 64 hexadecimal digits.</exception>
    public static Sha256Digest Digest(string text) =>
        Sha256Digest.TryParseHex(text, out var digest) ? digest : throw new FormatException($"'{text}' is not a SHA-256 in hexadecimal.");
}

[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AcceptedSuite))]
internal sealed partial class AcceptedSuiteJson : JsonSerializerContext;
