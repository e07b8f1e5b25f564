using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

public class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Timers_fire_in_order_each_at_its_own_time()
    {
        var fired = new List<(string Name, TimeSpan At)>();
        var start = _time.GetTimestamp();
        using var late = _time.CreateTimer(_ => fired.Add(("late", _time.GetElapsedTime(start))), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var often = _time.CreateTimer(_ => fired.Add(("often", _time.GetElapsedTime(start))), null, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(5));
        fired.ShouldBe([("often", TimeSpan.FromSeconds(2)), ("late", TimeSpan.FromSeconds(3)), ("often", TimeSpan.FromSeconds(4))]);
        _time.GetElapsedTime(start).ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_disposed_timer_is_silent()
    {
        var timer = _time.CreateTimer(_ => throw new InvalidOperationException(), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        timer.Dispose();
        timer.Change(TimeSpan.Zero, TimeSpan.Zero).ShouldBeFalse();
        _time.Advance(TimeSpan.FromHours(1));
        _time.PendingTimers.ShouldBe(0);
    }

    [Fact]
    public async Task Delays_and_deadlines_of_the_framework_follow_it()
    {
        var delay = Task.Delay(TimeSpan.FromSeconds(10), _time, CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        _time.Advance(TimeSpan.FromSeconds(5));
        deadline.IsCancellationRequested.ShouldBeTrue();
        delay.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(5));
        await delay;
    }
}
