using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>A package tree that is in the store, pinned and on disk.</summary>
/// <param name="Version">As it stands in a path: a colon is written <c>%3a</c>.</param>
/// <param name="Bytes">Sum of the sizes of its files, hard links counted once.</param>
/// <param name="Entries">Entries, the root included.</param>
public sealed record ImportedPackage(string Name, string Version, Cid Root, long Bytes, int Entries, ImportEvidence Evidence)
{
    /// <summary>Sources that could not be asked, one sentence each: a newer version may stand there.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Why the tree is believed to be what its name says: the links of the chain that were checked, as far as there is one.</summary>
/// <param name="Artifact">Digest and size of the .deb; null for a local directory.</param>
/// <param name="Origin">Null unless it came from an apt repository.</param>
public sealed record ImportEvidence(ArtifactDigest? Artifact, AptEvidence? Origin)
{
    /// <summary>The namespace of the suite index that lists the .deb, for a package that was made on its first use; otherwise null.</summary>
    public string? Namespace { get; init; }

    /// <summary>One line for people.</summary>
    public string Summary => (Artifact, Origin) switch
    {
        (not null, null) when Namespace is not null => $"listed in {Namespace}, {Artifact}",
        (null, _) => "a local directory, on this machine's word",
        (_, null) => $"a file in hand, {Artifact}",
        _ => $"{Origin!.Source} of {Origin.Date:yyyy-MM-dd HH:mm} UTC, signed by {string.Join(", ", Origin.Signers)}, {Artifact}",
    };
}

/// <summary>The chain from a signature to a .deb's hash.</summary>
/// <param name="Source">Address and suite.</param>
/// <param name="Date">Of the suite's Release.</param>
/// <param name="Signers">Primary fingerprints of trusted keys.</param>
/// <param name="Release">Of the signed text, as the verifier put it out.</param>
/// <param name="Packages">Of the unpacked index that lists the .deb.</param>
public sealed record AptEvidence(string Source, DateTimeOffset Date, IReadOnlyList<string> Signers, Sha256Digest Release, Sha256Digest Packages);

public enum ImportStage
{
    /// <summary>Fetching and verifying what a repository says.</summary>
    Updating,

    /// <summary>Fetching the .deb.</summary>
    Downloading,

    /// <summary>Making the tree.</summary>
    Unpacking,
}

/// <param name="Subject">What is worked on: an index's address, a file's name, a package.</param>
/// <param name="Done">Bytes; of what is packed, where it is packed.</param>
/// <param name="Total">Bytes, or -1 when unknown.</param>
public readonly record struct ImportProgress(ImportStage Stage, string Subject, long Done, long Total);
