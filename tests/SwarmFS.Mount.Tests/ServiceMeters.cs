using System.Diagnostics.Metrics;

namespace SwarmFS.Mount.Tests;

/// <summary>Meters that end with the test.</summary>
internal sealed class ServiceMeters : IMeterFactory
{
    private readonly List<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    public void Dispose() => _meters.ForEach(meter => meter.Dispose());
}
