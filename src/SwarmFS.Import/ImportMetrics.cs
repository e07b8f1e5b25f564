using System.Diagnostics.Metrics;

namespace SwarmFS.Import;

/// <summary>Counters of the meter <c>SwarmFS.Import</c>.</summary>
internal sealed class ImportMetrics
{
    private readonly Counter<long> _packages;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _unpacked;
    private readonly Counter<long> _fetched;

    public ImportMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("SwarmFS.Import");
        _packages = meter.CreateCounter<long>("swarmfs.import.packages", "{package}", "Trees made");
        _refusals = meter.CreateCounter<long>("swarmfs.import.refusals", "{import}", "Imports that were refused");
        _unpacked = meter.CreateCounter<long>("swarmfs.import.unpacked_bytes", "By", "File bytes of the trees made");
        _fetched = meter.CreateCounter<long>("swarmfs.import.fetched_bytes", "By", "Bytes read from repositories");
    }

    public void Imported(long bytes)
    {
        _packages.Add(1);
        _unpacked.Add(bytes);
    }

    public void Refused() => _refusals.Add(1);

    public void Fetched(long bytes) => _fetched.Add(bytes);
}
