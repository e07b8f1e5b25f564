using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Import.Tests;

public class DebianVersionTests
{
    [Theory]
    [InlineData("1.0", "1.0-0", 0)]
    [InlineData("1.0~rc1", "1.0", -1)]
    [InlineData("1:0.1", "9.9", 1)]
    [InlineData("1.2.10", "1.2.9", 1)]
    [InlineData("1.0-1", "1.0-1+b1", -1)]
    [InlineData("2.0+dfsg", "2.0", 1)]
    [InlineData("1.0a", "1.0+", -1)]
    [InlineData("5.36.0-7+deb12u2", "5.36.0-7+deb12u10", -1)]
    [InlineData("00001", "1", 0)]
    public void Versions_order_as_the_policy_says(string left, string right, int expected)
    {
        Math.Sign(DebianVersion.Parse(left).CompareTo(DebianVersion.Parse(right))).ShouldBe(expected);
        Math.Sign(DebianVersion.Parse(right).CompareTo(DebianVersion.Parse(left))).ShouldBe(-expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a1")]
    [InlineData("1.0-")]
    [InlineData(":1")]
    [InlineData("x:1")]
    [InlineData("1:")]
    [InlineData("1_0")]
    [InlineData("1/0")]
    [InlineData("99999999999:1")]
    [InlineData("1.0\n")]
    public void What_is_no_version_is_refused_with_a_reason(string text)
    {
        DebianVersion.TryParse(text, out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void A_colon_is_written_in_a_path_as_apt_writes_it() => DebianVersion.Parse("1:4.13-1").PathText.ShouldBe("1%3a4.13-1");

    [Fact]
    public void Random_versions_order_as_dpkg_orders_them()
    {
        var piece = Gen.Elements("0", "1", "9", "10", "007", "a", "b", "Z", ".", "+", "~", "~~", "rc", "-");
        var version = Gen.Elements("", "0:", "1:", "2:").SelectMany(epoch => piece.ArrayOf().Resize(8).Select(p => epoch + "1" + string.Concat(p)))
            .Where(text => DebianVersion.TryParse(text, out _, out _));
        // One shell compares all pairs: a process per pair would take a minute.
        var pairs = version.Two().Sample(400, 12).ToList();
        var script = string.Concat(pairs.Select(p =>
            $"if dpkg --compare-versions '{p.Item1}' lt '{p.Item2}' 2>/dev/null; then echo -1; elif dpkg --compare-versions '{p.Item1}' gt '{p.Item2}' 2>/dev/null; then echo 1; else echo 0; fi\n"));
        var verdicts = Tool.Run("sh", "-c", script).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToList();
        verdicts.Count.ShouldBe(pairs.Count);
        for (var at = 0; at < pairs.Count; at++)
        {
            var (left, right) = (DebianVersion.Parse(pairs[at].Item1), DebianVersion.Parse(pairs[at].Item2));
            Math.Sign(left.CompareTo(right)).ShouldBe(verdicts[at], $"{left} against {right}");
            if (verdicts[at] == 0) left.GetHashCode().ShouldBe(right.GetHashCode());
        }
    }
}
