using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// One index of a suite as a source proves it: what a <c>swarmfs.suite/v1</c> record says, and why it is believed. Two mirrors of one suite give two of one namespace; the
/// one of the later date counts.
/// </summary>
/// <param name="Namespace">Origin / codename / component / architecture: "debian/bookworm/main/amd64".</param>
/// <param name="Date">Of the Release.</param>
/// <param name="Payload">Of the signed text, as the verifier put it out.</param>
/// <param name="Packages">Of the unpacked Packages file.</param>
/// <param name="PackagesSize">In bytes.</param>
/// <param name="Index">The suite index, in the store and pinned for the reason "catalogue" while it is the newest of its namespace here.</param>
/// <param name="Entries">Of the index.</param>
public sealed record SyncedSuite(string Namespace, DateTimeOffset Date, Sha256Digest Payload, Sha256Digest Packages, long PackagesSize, Cid Index, int Entries)
{
    /// <summary>Address and suite, for people.</summary>
    public required string Source { get; init; }

    /// <summary>
    /// This call brought another signed text than was known before. An import in between, or a crash after the last sync, brings it too: whoever keeps records compares with these.
    /// </summary>
    public required bool IsChanged { get; init; }

    /// <summary>Bytes that this call fetched for it. Those of a signed text count at the first index of its source.</summary>
    public required long Fetched { get; init; }

    /// <summary>Primary fingerprints of the trusted keys that signed.</summary>
    public required IReadOnlyList<string> Signers { get; init; }

    /// <summary>The InRelease file, so that anyone can check it again.</summary>
    public required ReadOnlyMemory<byte> Evidence { get; init; }
}

/// <summary>A source that brought nothing new, and why.</summary>
/// <param name="Source">Address and suite.</param>
/// <param name="IsRefused">True when what it says must not be believed; false when it says nothing.</param>
/// <param name="Message">For people: what failed, why, what to do.</param>
public sealed record SyncFailure(string Source, bool IsRefused, string Message);

/// <summary>What all asked sources are known to say now.</summary>
/// <param name="Suites">By source in the order of the configuration. A source that failed and was believed before is here with what it said then, while that holds.</param>
/// <param name="Superseded">Indices that earlier calls pinned and that are not the newest of any namespace any more: for the caller to unpin once it needs them no longer. Told until it did.</param>
/// <param name="Warnings">Parts of the configuration that were left out.</param>
public sealed record SyncResult(IReadOnlyList<SyncedSuite> Suites, IReadOnlyList<SyncFailure> Failures, IReadOnlyList<Cid> Superseded, IReadOnlyList<string> Warnings);
