using System.Diagnostics.Metrics;

namespace SwarmFS.Store.Host;

/// <summary>Meters that nobody reads.</summary>
internal sealed class Meters : IMeterFactory
{
    public Meter Create(MeterOptions options) => new(options);

    public void Dispose() { }
}
