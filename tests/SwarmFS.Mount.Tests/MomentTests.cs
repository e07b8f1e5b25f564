using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Mount.Tests;

public sealed class MomentTests
{
    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll<uint, bool>((seconds, isDay) =>
        {
            var moment = isDay ? Moment.DayOf(DateTimeOffset.FromUnixTimeSeconds(seconds / 2)) : new Moment(seconds, IsDay: false);
            return Moment.TryParse(moment.ToString(), out var read) && read == moment;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_day_is_its_last_second()
    {
        Moment.TryParse("2026-11-20", out var day).ShouldBeTrue();
        (day.Time, day.IsWholeDay, day.ToString()).ShouldBe((new DateTimeOffset(2026, 11, 20, 23, 59, 59, TimeSpan.Zero), true, "2026-11-20"));
        (day with { Seconds = day.Seconds - 5 }).ToString().ShouldBe("2026-11-20T23:59:54Z", "the state of an unfinished day is asked for by its instant");
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-11-2")]
    [InlineData("2026-11-31")]
    [InlineData("2026-11-20 ")]
    [InlineData("+026-11-20")]
    [InlineData("2026-11-20T15:04:05")]
    [InlineData("2026-11-20T15:04:05z")]
    [InlineData("2026-11-20t15:04:05Z")]
    [InlineData("2026-11-20T24:00:00Z")]
    [InlineData("2026-11-20T15:04:60Z")]
    [InlineData("2026-11-20T15:04:05+00:00")]
    [InlineData("1969-12-31")]
    [InlineData("2106-02-08")]
    [InlineData("latest")]
    public void Anything_else_is_no_moment(string text) => Moment.TryParse(Encoding.UTF8.GetBytes(text), out _).ShouldBeFalse();
}
