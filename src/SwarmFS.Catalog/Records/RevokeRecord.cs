using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>"I take this back": the publisher's word that a release of its own is no longer to be used. It stands for ever; the release stays provable.</summary>
/// <param name="Version">As it stands in a path.</param>
/// <param name="Reason">One line for people.</param>
public sealed record RevokeRecord(string Name, string Version, string Reason, Ed25519PublicKey Key, string Signature) : CatalogRecord, ISignedRecord
{
    internal const string Header = "swarmfs.revoke/v1";

    /// <summary>Characters of a reason: a line or two on a screen.</summary>
    public const int ReasonLengthMax = 200;

    public string Namespace => CatalogNamespace.OfPublisher(Key);

    public static RevokeRecord Sign(string name, string version, string reason, Ed25519PrivateKey key)
    {
        var unsigned = new RevokeRecord(name, version, reason, key.PublicKey, "");
        return unsigned with { Signature = SignStatement(unsigned.Statement(), key) };
    }

    private protected override string Text() => $"{Statement()}signature {Signature}\n";

    private string Statement() => $"{Header}\nnamespace {Namespace}\nname {Name}\nversion {Version}\nreason {Reason}\nkey {Key}\n";

    internal static RevokeRecord Read(ref RecordLines lines)
    {
        _ = lines.Value("namespace");
        var record = new RevokeRecord(lines.Text("name"), lines.Text("version"), lines.Text("reason"), lines.Key("key"), lines.Signature("signature"));
        lines.End();
        lines.Require(PackageNames.IsName(record.Name), "its name may not stand in a path");
        lines.Require(PackageNames.IsPathVersion(record.Version), "its version may not stand in a path");
        lines.Require(IsReason(record.Reason), $"its reason is no line of at most {ReasonLengthMax} characters");
        return record;
    }

    /// <summary>Words with one space between; no control characters, which could play tricks on a terminal.</summary>
    public static bool IsReason(ReadOnlySpan<char> reason)
    {
        if (reason.Length is 0 or > ReasonLengthMax || reason[0] == ' ' || reason[^1] == ' ' || reason.Contains("  ", StringComparison.Ordinal)) return false;
        foreach (var character in reason)
        {
            if (char.IsControl(character) || char.GetUnicodeCategory(character) is System.Globalization.UnicodeCategory.Format) return false;
        }
        return true;
    }
}
