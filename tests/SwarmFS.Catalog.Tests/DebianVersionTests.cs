using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Catalog.Tests;

public class DebianVersionTests
{
    [Fact]
    public void The_order_is_that_of_dpkg()
    {
        string[] pieces = ["0", "1", "9", "10", "007", "a", "b", "A", "~", "+", ".", "~~", "rc", "deb12u1", "z"];
        var random = new System.Random(20261121);
        var versions = new List<string> { "1.0", "1.0-1", "1:0.9", "0:1.0", "1.0~rc1", "1.0~~", "1.0+b1", "2:1.2.3-4+deb12u1" };
        while (versions.Count < 60)
        {
            var upstream = "1" + string.Concat(Enumerable.Range(0, random.Next(0, 5)).Select(_ => pieces[random.Next(pieces.Length)]));
            var epoch = random.Next(4) == 0 ? $"{random.Next(3)}:" : "";
            var revision = random.Next(2) == 0 ? $"-{pieces[random.Next(5)]}{pieces[random.Next(pieces.Length)]}" : "";
            versions.Add(epoch + upstream + revision);
        }
        var pairs = Enumerable.Range(0, 300).Select(_ => (A: versions[random.Next(versions.Count)], B: versions[random.Next(versions.Count)])).ToList();
        var script = string.Join('\n', pairs.Select(pair => $"if dpkg --compare-versions '{pair.A}' lt '{pair.B}'; then echo -1; elif dpkg --compare-versions '{pair.A}' eq '{pair.B}'; then echo 0; else echo 1; fi"));
        using var shell = Process.Start(new ProcessStartInfo("sh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        shell.ErrorDataReceived += (_, _) => { };
        shell.BeginErrorReadLine();
        shell.StandardInput.Write(script);
        shell.StandardInput.Close();
        var answers = shell.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToList();
        answers.Count.ShouldBe(pairs.Count);
        foreach (var (pair, answer) in pairs.Zip(answers))
            Math.Sign(DebianVersion.Order.Compare(pair.A, pair.B)).ShouldBe(answer, $"{pair.A} against {pair.B}");
    }

    [Fact]
    public void Any_strings_have_one_order()
    {
        Prop.ForAll<NonNull<string>, NonNull<string>>((left, right) =>
            Math.Sign(DebianVersion.Order.Compare(left.Get, right.Get)) == -Math.Sign(DebianVersion.Order.Compare(right.Get, left.Get))).QuickCheckThrowOnFailure();
    }
}
