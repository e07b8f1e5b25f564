using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace SwarmFS.Daemon;

/// <summary>
/// The sums of all instruments of this node's meters since its start, for status; who wants them over time listens with tools of their own (dotnet-counters, OpenTelemetry).
/// An untagged measurement costs one interlocked addition, so hot paths may count. Tagged ones are summed by their first tag's value.
/// </summary>
internal sealed class MetricTotals : IDisposable
{
    // One per opcode, room and kind of event: some 150. A tag with unbounded values must not grow without end.
    private const int TotalsMax = 1024;

    private readonly ConcurrentDictionary<string, Total> _totals = new();
    private readonly MeterListener _listener = new();

    public MetricTotals(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters)) listener.EnableMeasurementEvents(instrument, Find(instrument.Name));
        };
        _listener.SetMeasurementEventCallback<long>(Measure);
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, state) => Measure(instrument, value, tags, state));
        _listener.Start();
    }

    /// <summary>By name, with the first tag's value after a dot; ascending.</summary>
    public SortedDictionary<string, long> Read()
    {
        _listener.RecordObservableInstruments();
        var read = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, total) in _totals)
            if (total.IsMeasured) read[name] = total.Value;
        return read;
    }

    public void Dispose() => _listener.Dispose();

    private void Measure(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var total = tags.IsEmpty ? (Total?)state : Find($"{instrument.Name}.{tags[0].Value}");
        if (instrument.IsObservable) total?.Set(value);
        else total?.Add(value);
    }

    private Total? Find(string name) => _totals.TryGetValue(name, out var total) ? total : _totals.Count < TotalsMax ? _totals.GetOrAdd(name, _ => new Total()) : null;

    private sealed class Total
    {
        private long _value;

        /// <summary>False for an instrument that has only ever measured with tags, or never.</summary>
        public bool IsMeasured { get; private set; }

        public long Value => Interlocked.Read(ref _value);

        public void Add(long value)
        {
            Interlocked.Add(ref _value, value);
            IsMeasured = true;
        }

        public void Set(long value)
        {
            Interlocked.Exchange(ref _value, value);
            IsMeasured = true;
        }
    }
}
