using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SwarmFS.Control;
using SwarmFS.Mount;

namespace SwarmFS.Daemon;

/// <summary>The files below <c>/.status/</c>: parts of <c>swarmfs status --json</c>, one object a file, for who would rather read a file than run a command.</summary>
internal sealed class StatusDirectory : IStatusFiles
{
    public StatusDirectory(StatusSource status)
    {
        Files =
        [
            File("status.json", source => source.Report(), ControlJson.Default.StatusReport),
            File("peers.json", source => new PeersReport(source.Peers()), ControlJson.Default.PeersReport),
            File("store.json", source => source.Store(), ControlJson.Default.StoreReport),
            File("health.json", source => source.Health(), ControlJson.Default.HealthReport),
            File("transfers.json", source => [.. source.Roots()], ControlJson.Default.ListRootReport),
        ];

        StatusFile File<T>(string name, Func<StatusSource, T> part, JsonTypeInfo<T> type) =>
            new(name, () => [.. JsonSerializer.SerializeToUtf8Bytes(part(status), type), (byte)'\n']);
    }

    public IReadOnlyList<StatusFile> Files { get; }
}
