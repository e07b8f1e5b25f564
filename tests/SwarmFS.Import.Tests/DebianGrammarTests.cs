using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Catalog;

namespace SwarmFS.Import.Tests;

public class DebianGrammarTests
{
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
    [InlineData("+1:1")]
    [InlineData("1.0\n")]
    public void What_is_no_version_is_refused_with_a_reason(string text) => DebianGrammar.CheckVersion(text).ShouldNotBeNullOrEmpty();

    [Theory]
    [InlineData("")]
    [InlineData("Gedit")]
    [InlineData("../x")]
    [InlineData("-x")]
    [InlineData("a b")]
    [InlineData("a\u200d")]
    public void What_is_no_name_is_refused_with_a_reason(string text) => DebianGrammar.CheckName(text).ShouldNotBeNullOrEmpty();

    [Theory]
    [InlineData("g++", "4:12.2.0-3")]
    [InlineData("libc6", "2.36-9+deb12u10")]
    [InlineData("0ad", "0.0.26-3")]
    public void What_Debian_has_is_taken(string name, string version)
    {
        DebianGrammar.CheckName(name).ShouldBeNull();
        DebianGrammar.CheckVersion(version).ShouldBeNull();
    }

    [Fact]
    public void Random_versions_order_as_dpkg_orders_them()
    {
        var piece = Gen.Elements("0", "1", "9", "10", "007", "a", "b", "Z", ".", "+", "~", "~~", "rc", "-");
        var version = Gen.Elements("", "0:", "1:", "2:").SelectMany(epoch => piece.ArrayOf().Resize(8).Select(p => epoch + "1" + string.Concat(p)))
            .Where(text => DebianGrammar.CheckVersion(text) is null);
        // One shell compares all pairs: a process per pair would take a minute.
        var pairs = version.Two().Sample(400, 12).ToList();
        var script = string.Concat(pairs.Select(p =>
            $"if dpkg --compare-versions '{p.Item1}' lt '{p.Item2}' 2>/dev/null; then echo -1; elif dpkg --compare-versions '{p.Item1}' gt '{p.Item2}' 2>/dev/null; then echo 1; else echo 0; fi\n"));
        var verdicts = Tool.Run("sh", "-c", script).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToList();
        verdicts.Count.ShouldBe(pairs.Count);
        for (var at = 0; at < pairs.Count; at++)
            Math.Sign(DebianVersion.Order.Compare(pairs[at].Item1, pairs[at].Item2)).ShouldBe(verdicts[at], $"{pairs[at].Item1} against {pairs[at].Item2}");
    }
}
