using System.Diagnostics;
using SwarmFS.Core;

namespace SwarmFS.Mount.Tests;

/// <summary>Who waits for a place among the reads of a package, and for how long.</summary>
public sealed class RemoteReadGateTests
{
    private static readonly CancellationToken Cancelled = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_waits_longer_than_a_deadline_for_reads_that_get_nothing()
    {
        var gate = await FullAsync(TimeSpan.FromSeconds(1));

        await Should.ThrowAsync<ContentUnavailableException>(gate.EnterAsync(Stopwatch.GetTimestamp(), Cancelled));
    }

    [Fact]
    public async Task Who_had_to_wait_has_the_less_time_to_read()
    {
        var gate = await FullAsync(TimeSpan.FromSeconds(30));
        var waiting = gate.EnterAsync(Stopwatch.GetTimestamp() - 20 * Stopwatch.Frequency, Cancelled);

        gate.Leave(delivered: false);

        (await waiting).ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Who_waits_behind_reads_that_get_something_has_all_the_time()
    {
        var gate = await FullAsync(TimeSpan.FromSeconds(30));
        gate.Leave(delivered: true);
        gate.EnterAsync(Stopwatch.GetTimestamp(), Cancelled).IsCompletedSuccessfully.ShouldBeTrue("the place that was left");

        var waiting = gate.EnterAsync(Stopwatch.GetTimestamp() - 3600 * Stopwatch.Frequency, Cancelled);
        waiting.IsCompleted.ShouldBeFalse("it waits, though it came an hour ago");
        gate.Leave(delivered: true);

        (await waiting).ShouldBeGreaterThan(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task What_is_asked_for_again_right_after_the_error_fails_sooner()
    {
        var gate = await FullAsync(TimeSpan.FromSeconds(1));
        await Should.ThrowAsync<ContentUnavailableException>(gate.EnterAsync(Stopwatch.GetTimestamp(), Cancelled));
        var again = gate.EnterAsync(Stopwatch.GetTimestamp(), Cancelled);

        gate.Leave(delivered: false);

        (await again).ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(0.25));
    }

    [Fact]
    public async Task Who_has_left_gets_no_place()
    {
        var gate = await FullAsync(TimeSpan.FromSeconds(30));
        using var leaving = new CancellationTokenSource();
        var waiting = gate.EnterAsync(Stopwatch.GetTimestamp(), leaving.Token);

        await leaving.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(waiting);
    }

    private static async Task<RemoteReadGate> FullAsync(TimeSpan deadline)
    {
        var gate = new RemoteReadGate(deadline);
        for (var place = 0; place < RemoteReadGate.Places; place++) (await gate.EnterAsync(Stopwatch.GetTimestamp(), Cancelled)).ShouldBeGreaterThan(TimeSpan.Zero);
        return gate;
    }
}
