using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;
using SwarmFS.Core;
using SwarmFS.Daemon.Requests;
using SwarmFS.Daemon.State;
using SwarmFS.Import;
using SwarmFS.Transparency;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>
/// Whom a node believes: what its newest signed policy says, and without one itself and the importers that its settings name. The first policy is trusted because the settings name its file; each
/// later one has to be signed by those before it. A new one counts from the next start.
/// </summary>
internal sealed class NodePolicy
{
    private readonly PolicyChain _chain;

    private NodePolicy(PolicyChain chain, CatalogPolicy inForce) => (_chain, InForce) = (chain, inForce);

    public CatalogPolicy InForce { get; }

    /// <param name="own">The own log; null where the node writes none.</param>
    /// <param name="versions">Where the versions of the policy lie, once there are some.</param>
    /// <exception cref="NodeStartException">The settings name no good policy or key.</exception>
    /// <exception cref="PolicyDamagedException">See there.</exception>
    public static NodePolicy Of(NodeSettings settings, VerifierKey? own, IStateFiles files, string versions, TimeProvider time)
    {
        var chain = new PolicyChain(files, File.Exists(versions) || (Directory.Exists(versions) && Directory.EnumerateFileSystemEntries(versions, "policy.*").Any()), time);
        if (chain.Current is null && settings.Policy is { } path && chain.Trust(ReadFirst(path)).Refusal is { } refusal)
            throw new NodeStartException($"The policy {path} is refused: {refusal}. Check it with swarmfs policy check {path}.");
        return new NodePolicy(chain, chain.Current?.ToCatalogPolicy() ?? WithoutPolicy(own, settings));
    }

    /// <exception cref="RequestException">It is refused; what was in force stays in force.</exception>
    public PolicyReport Apply(PolicyRequest request)
    {
        var next = ReadNext(request.File);
        var step = _chain.Current is null ? _chain.Trust(next) : _chain.Advance([next]);
        if (step.Refusal is { } refusal)
            throw new RequestException(ControlErrors.Refused, $"{request.File} is refused: {refusal}.", "A version must be the next one, signed by its own root keys and by those before it; swarmfs policy check tells more.");
        var dropped = step.RemovedLogs.Count == 0 ? "" : $" It no longer names {string.Join(", ", step.RemovedLogs.Select(log => log.Name))}.";
        return new PolicyReport(step.Policy!.Version, $"Version {step.Policy.Version} is taken and counts from the node's next start.{dropped}");
    }

    private static CatalogPolicy WithoutPolicy(VerifierKey? own, NodeSettings settings)
    {
        var keys = settings.Trust.Select(key => ReadKey("catalog.trust", key)).ToList();
        var publishers = settings.Publishers.Select(key => ReadKey("catalog.publishers", key)).Concat(keys).Select(key => key.Key).Distinct().ToList();
        var logs = own is null ? keys : [.. keys.Prepend(own)];
        if (logs.Count == 0) throw new NodeStartException("A light node has no log of its own, so it must be told whom to believe: with --policy, or with --trust.");
        if (logs.Count > CatalogPolicy.LogsMax) throw new NodeStartException($"catalog.trust names {keys.Count} keys; at most {CatalogPolicy.LogsMax} logs are followed, the own one included.");
        if (publishers.Count > PolicyFile.PublishersMax) throw new NodeStartException($"catalog.trust and catalog.publishers name {publishers.Count} keys; at most {PolicyFile.PublishersMax} publishers are believed.");
        return CatalogPolicy.OwnAnd(logs[0], logs[1..]) with { Publishers = publishers };
    }

    private static VerifierKey ReadKey(string setting, string text)
    {
        if (VerifierKey.TryParse(text, out var key, out var error) && key.Type == SignatureType.Log) return key;
        throw new NodeStartException($"{setting} = {text} is no key that signs records: {error ?? "it is a witness's"}. Take it as swarmfs id or swarmfs key gen prints it.");
    }

    private static byte[] ReadFirst(string path)
    {
        try
        {
            return Read(path);
        }
        catch (IOException e)
        {
            throw new NodeStartException($"The policy {path} cannot be read: {e.Message} Name another file with --policy.");
        }
    }

    private static byte[] ReadNext(string path)
    {
        try
        {
            return Read(path);
        }
        catch (IOException e)
        {
            throw new RequestException(ControlErrors.Refused, $"{path} cannot be read: {e.Message}", "Name a file that this node's user may read.");
        }
    }

    private static byte[] Read(string path)
    {
        using var file = NamedFile.Open(path);
        var bytes = new byte[SignedPolicy.MaxLength + 1];
        return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}
