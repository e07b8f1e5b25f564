using SwarmFS.Control;

namespace SwarmFS.Cli.Tests.Trust;

public class ProgramClockTests
{
    private static bool TryMake(string? value, out TimeProvider? time) => ProgramClock.TryMake(name => name == "SWARMFS_NOW" ? value : null, out time, out _);

    [Fact]
    public void Unset_it_is_the_system_s_clock()
    {
        TryMake(null, out var time).ShouldBeTrue();
        time.ShouldBeSameAs(TimeProvider.System);
        TryMake("", out time).ShouldBeTrue();
        time.ShouldBeSameAs(TimeProvider.System);
    }

    [Fact]
    public void Set_it_stands_there_at_the_start_and_runs_on()
    {
        TryMake("1800000000", out var time).ShouldBeTrue();
        var first = time!.GetUtcNow();
        first.ToUnixTimeSeconds().ShouldBeInRange(1_800_000_000, 1_800_000_060);
        SpinWait.SpinUntil(() => time.GetUtcNow() > first, TimeSpan.FromSeconds(30)).ShouldBeTrue();
    }

    [Theory]
    [InlineData("-1")]
    [InlineData(" 1")]
    [InlineData("1.5")]
    [InlineData("2026-01-01")]
    [InlineData("1\0")]
    [InlineData("99999999999999999999")]
    [InlineData("9223372036854775807")]
    public void Anything_else_is_refused(string value) => TryMake(value, out _).ShouldBeFalse();
}
