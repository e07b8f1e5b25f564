using System.Diagnostics.Metrics;

namespace SwarmFS.Retrieval.Tests;

/// <summary>Meters that nobody listens to.</summary>
internal sealed class NoMeters : IMeterFactory
{
    public Meter Create(MeterOptions options) => new(options);

    public void Dispose()
    {
    }
}
