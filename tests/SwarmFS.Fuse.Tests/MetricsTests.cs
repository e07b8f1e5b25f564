using System.Diagnostics.Metrics;

namespace SwarmFS.Fuse.Tests;

public class MetricsTests
{
    private sealed class Factory : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }

    [Fact]
    public void Requests_are_counted_by_opcode_and_outlive_the_thread_that_read_them()
    {
        const string Here = "/metrics/test";
        var fixture = new DispatcherFixture(new ScriptedHandler
        {
            OnRead = (ref FuseRequest request, ulong _, long _, Span<byte> _) =>
        {
            request.Park();
            return FuseResult.Parked;
        }
        });
        using var metrics = new FuseMetrics(new Factory(), fixture.Dispatcher, Here);
        var seen = new Dictionary<string, long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Tags?.Any(tag => (string?)tag.Value == Here) == true) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen[instrument.Name + (tags.Length > 0 ? "/" + tags[0].Value : "")] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();

        fixture.Receive(Message.Lookup(2, 1, "a"));
        fixture.Receive(Message.Lookup(4, 1, "b"));
        fixture.Receive(Message.Read(6, 2, 0, 10));
        fixture.Dispose();
        listener.RecordObservableInstruments();
        seen.ShouldBe(new Dictionary<string, long>
        {
            ["swarmfs.fuse.requests/Lookup"] = 2,
            ["swarmfs.fuse.requests/Read"] = 1,
            ["swarmfs.fuse.parked"] = 1,
            ["swarmfs.fuse.watched"] = 0,
        }, ignoreOrder: true);
    }
}
