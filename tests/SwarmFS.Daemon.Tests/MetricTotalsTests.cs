using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using SwarmFS.Testing;

namespace SwarmFS.Daemon.Tests;

public sealed class MetricTotalsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public void Dispose() => _services.Dispose();

    [Fact]
    public void Counters_add_up_observations_stand_and_tags_are_told_apart()
    {
        using var totals = new MetricTotals(Meters);
        var meter = Meters.Create("SwarmFS.Test");
        var counter = meter.CreateCounter<long>("reads");
        var gauge = 7;
        meter.CreateObservableGauge("level", () => gauge);
        counter.Add(2);
        counter.Add(3);
        counter.Add(5, new KeyValuePair<string, object?>("kind", "slow"));
        totals.Read().ShouldBe([new("level", 7), new("reads", 5), new("reads.slow", 5)]);
        gauge = 4;
        totals.Read()["level"].ShouldBe(4);
    }

    [Fact]
    public void Meters_of_somebody_else_in_the_process_do_not_count()
    {
        using var totals = new MetricTotals(Meters);
        using var other = new Meter("SwarmFS.Test");
        other.CreateCounter<long>("reads").Add(1);
        totals.Read().ShouldBeEmpty();
    }

    [Fact]
    public void Counting_on_a_hot_path_allocates_nothing()
    {
        using var totals = new MetricTotals(Meters);
        var counter = Meters.Create("SwarmFS.Test").CreateCounter<long>("reads");
        Allocations.Of(1000, () => counter.Add(1)).ShouldBe(0);
    }
}
