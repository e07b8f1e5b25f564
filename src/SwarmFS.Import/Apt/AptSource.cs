namespace SwarmFS.Import;

/// <summary>Which keys may sign for a source.</summary>
/// <param name="Keyrings">Absolute paths of keyring files; empty for all of trusted.gpg.d.</param>
/// <param name="Inline">An armoured key written into the source itself, or null.</param>
/// <param name="Fingerprints">Upper-case hexadecimal; when any is given, one of these keys (or a subkey of it) has to have signed.</param>
public sealed record AptKeys(IReadOnlyList<string> Keyrings, string? Inline, IReadOnlyList<string> Fingerprints)
{
    public static AptKeys Default { get; } = new([], null, []);
}

/// <summary>One suite at one address, as the system's configuration names it.</summary>
/// <param name="Address">Ends with a slash; scheme http, https, file or copy.</param>
/// <param name="Suite">"bookworm"; ends with a slash when the repository is flat and has no components.</param>
/// <param name="CheckValidUntil">The source's own word on it; null for the general one.</param>
/// <param name="CheckDate">See <paramref name="CheckValidUntil"/>.</param>
/// <param name="Place">File and line or paragraph, for messages.</param>
public sealed record AptSource(
    Uri Address, string Suite, IReadOnlyList<string> Components, AptKeys Keys, bool? CheckValidUntil, bool? CheckDate, string Place)
{
    /// <summary>For messages and evidence.</summary>
    public string Name => $"{Address} {Suite}";

    internal bool IsFlat => Suite.EndsWith('/');

    /// <summary>Where InRelease stands.</summary>
    internal Uri Root => new(Address, IsFlat ? Suite : $"dists/{Suite}/");
}
