using SwarmFS.Catalog;
using SwarmFS.Daemon.State;
using SwarmFS.Transparency;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>Whom a node believes that was given no signed policy: itself, and the importers that its settings name.</summary>
internal static class OwnPolicy
{
    /// <exception cref="NodeStartException">A key is none, or there are too many.</exception>
    public static CatalogPolicy Of(VerifierKey own, IReadOnlyList<string> trust)
    {
        var keys = new List<VerifierKey>();
        foreach (var text in trust)
        {
            if (!VerifierKey.TryParse(text, out var key, out var error) || key.Type != SignatureType.Log)
                throw new NodeStartException($"catalog.trust = {text} is no key of a log: {error ?? "it is a witness's"}. Take it as swarmfs id prints it on the importer's machine.");
            keys.Add(key);
        }
        if (keys.Count >= CatalogPolicy.LogsMax) throw new NodeStartException($"catalog.trust names {keys.Count} keys; at most {CatalogPolicy.LogsMax - 1} logs are followed besides the own one.");
        return CatalogPolicy.OwnAnd(own, keys);
    }
}
