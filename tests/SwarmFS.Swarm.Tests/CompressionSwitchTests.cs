namespace SwarmFS.Swarm.Tests;

/// <summary>On which paths blocks are packed.</summary>
public sealed class CompressionSwitchTests
{
    private const double Near = 0.0005;
    private const double Far = 0.02;

    private readonly CompressionSwitch _switch = new(uploadBytesPerSecond: null);
    private long _acknowledged;
    private TimeSpan _sending;

    [Fact]
    public void Before_anything_was_sent_the_distance_decides()
    {
        _switch.LevelFor(0).ShouldBe(0);
        _switch.LevelFor(Near).ShouldBe(0);
        _switch.LevelFor(Far).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_slow_path_is_packed_for_however_near_it_is()
    {
        Send(1 << 20, seconds: 0.1);

        _switch.LevelFor(Near).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void The_slower_the_path_the_harder_it_is_packed()
    {
        _switch.LevelFor(Far).ShouldBe(3);

        Send(200_000, seconds: 0.1);
        _switch.LevelFor(Far).ShouldBe(6);
        Send(1_000_000, seconds: 0.1);
        _switch.LevelFor(Far).ShouldBe(3);
    }

    [Fact]
    public void A_fast_path_is_not_however_far_it_leads()
    {
        Send(32 << 20, seconds: 0.1);

        _switch.LevelFor(Far).ShouldBe(0);
    }

    [Fact]
    public void A_path_that_takes_everything_at_once_is_fast()
    {
        Send(32 << 20, seconds: 0);

        _switch.LevelFor(Far).ShouldBe(0);
    }

    [Fact]
    public void Between_the_two_rates_things_stay_as_they_are()
    {
        Send(1 << 20, seconds: 0.1);
        Send(5_000_000, seconds: 0.1);
        _switch.LevelFor(Near).ShouldBeGreaterThan(0);

        Send(10_000_000, seconds: 0.1);
        _switch.LevelFor(Near).ShouldBe(0);
        Send(5_000_000, seconds: 0.1);
        _switch.LevelFor(Near).ShouldBe(0);
    }

    [Fact]
    public void A_moment_is_no_sample()
    {
        Send(10_000, seconds: 0.01);
        _switch.LevelFor(Near).ShouldBe(0);

        Send(10_000, seconds: 0.015);
        _switch.LevelFor(Near).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void What_passes_while_nothing_waits_says_nothing()
    {
        _switch.Written(new LinkProgress(0, TimeSpan.Zero, IsFull: true));
        _switch.Idle();
        _switch.Written(new LinkProgress(1000, TimeSpan.FromSeconds(10), IsFull: true));

        _switch.LevelFor(Near).ShouldBe(0);
    }

    [Fact]
    public void Where_nobody_counts_the_distance_decides()
    {
        for (var i = 0; i < 10; i++) _switch.Written(null);

        _switch.LevelFor(Near).ShouldBe(0);
        _switch.LevelFor(Far).ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(1_000_000, 6)]
    [InlineData(10_000_000, 3)]
    [InlineData(100_000_000, 0)]
    public void A_limit_of_the_operator_makes_every_path_as_slow(long limit, int level)
    {
        var limited = new CompressionSwitch(limit);
        limited.Written(new LinkProgress(0, TimeSpan.Zero, IsFull: true));
        limited.Written(new LinkProgress(32 << 20, TimeSpan.FromSeconds(0.1), IsFull: true));

        limited.LevelFor(Near).ShouldBe(level);
    }

    [Fact]
    public void A_peer_that_is_slow_to_confirm_makes_no_slow_path()
    {
        for (var write = 0; write < 10; write++)
        {
            Send(10_000, seconds: 0.1, wasFull: false, isFull: write % 2 == 0);
            Send(10_000, seconds: 0.1, wasFull: true, isFull: false);
        }

        _switch.LevelFor(Near).ShouldBe(0);
    }

    [Fact]
    public void A_path_proves_fast_whether_it_was_full_or_not()
    {
        Send(1 << 20, seconds: 0.1);
        Send(32 << 20, seconds: 0.1, wasFull: false, isFull: false);

        _switch.LevelFor(Near).ShouldBe(0);
    }

    [Fact]
    public void A_path_that_got_faster_is_not_packed_for_as_hard_as_before()
    {
        var limited = new CompressionSwitch(uploadBytesPerSecond: 10_000_000);
        limited.Written(new LinkProgress(0, TimeSpan.Zero, IsFull: true));
        limited.Written(new LinkProgress(200_000, TimeSpan.FromSeconds(0.1), IsFull: true));
        limited.LevelFor(Near).ShouldBe(6);

        limited.Written(new LinkProgress(32 << 20, TimeSpan.FromSeconds(0.2), IsFull: false));

        limited.LevelFor(Near).ShouldBe(3);
    }

    private void Send(long bytes, double seconds, bool wasFull = true, bool isFull = true)
    {
        _switch.Written(new LinkProgress(_acknowledged, _sending, wasFull));
        (_acknowledged, _sending) = (_acknowledged + bytes, _sending + TimeSpan.FromSeconds(seconds));
        _switch.Written(new LinkProgress(_acknowledged, _sending, isFull));
    }
}
