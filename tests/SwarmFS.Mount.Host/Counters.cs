using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace SwarmFS.Mount.Host;

/// <summary>Adds up what the rooms count, for a test to ask.</summary>
internal sealed class Counters : IMeterFactory
{
    private readonly ConcurrentDictionary<string, long> _sums = new();
    private readonly List<Meter> _meters = [];
    private readonly MeterListener _listener = new();

    public Counters()
    {
        _listener.InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    private void Note(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!instrument.Meter.Name.StartsWith("SwarmFS", StringComparison.Ordinal)) return;
        var key = instrument.Name;
        foreach (var tag in tags) key += "." + tag.Value;
        if (instrument.IsObservable) _sums[key] = value;
        else _sums.AddOrUpdate(key, value, (_, sum) => sum + value);
    }

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options);
        lock (_meters) _meters.Add(meter);
        return meter;
    }

    public string Report()
    {
        _listener.RecordObservableInstruments();
        // A copy first: sorting takes room for as many as there were, and a name may be counted for the first time meanwhile.
        return string.Join(' ', _sums.ToArray().OrderBy(p => p.Key).Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key}={p.Value}")));
    }

    public void Dispose() => _listener.Dispose();
}
