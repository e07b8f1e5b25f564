using System.Diagnostics.Metrics;

namespace SwarmFS.Fuse;

/// <summary>Requests by opcode, and what is parked; read from the dispatcher's own counters when somebody looks, so a request pays nothing.</summary>
internal sealed class FuseMetrics : IDisposable
{
    /// <summary>Opcodes counted one by one; the rest counts as 0.</summary>
    public const int Opcodes = 64;

    private readonly Meter _meter;

    public FuseMetrics(IMeterFactory meters, FuseDispatcher dispatcher, string mountPoint)
    {
        _meter = meters.Create(new MeterOptions("SwarmFS.Fuse") { Tags = [new("mount", mountPoint)] });
        _meter.CreateObservableCounter("swarmfs.fuse.requests", () => Requests(dispatcher), unit: "{request}", description: "requests from the kernel, by opcode");
        _meter.CreateObservableUpDownCounter("swarmfs.fuse.watched", () => dispatcher.WatchedCount, unit: "{request}", description: "parked requests whose callers got a signal that does not end them");
        _meter.CreateObservableUpDownCounter("swarmfs.fuse.parked", () => dispatcher.ParkedCount, unit: "{request}", description: "requests that wait for data");
    }

    public void Dispose() => _meter.Dispose();

    private static List<Measurement<long>> Requests(FuseDispatcher dispatcher)
    {
        Span<long> counts = stackalloc long[Opcodes];
        dispatcher.CopyCounts(counts);
        var measurements = new List<Measurement<long>>();
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] > 0) measurements.Add(new(counts[i], new KeyValuePair<string, object?>("opcode", ((FuseOpcode)i).ToString())));
        }

        return measurements;
    }
}
