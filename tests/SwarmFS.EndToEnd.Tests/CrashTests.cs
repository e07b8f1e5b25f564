using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>A node ends as SIGKILL ends it, at any moment.</summary>
public class CrashTests
{
    private const int Kills = 50;

    [Fact]
    public async Task After_fifty_kills_during_copies_and_imports_content_is_right_and_fsck_is_clean()
    {
        await using var pair = await Pair.CreateAsync();
        var tree = pair.Scratch["tree"];
        Content.WriteSmallFiles(tree, 1_500);
        Content.WriteLargeFile(Path.Join(tree, "large"), 150 << 20);
        await pair.Source.StartAsync();
        await pair.Source.ImportAsync("tree", tree, "--name", "tool", "--version", "1.0");
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        List<string> published = [];
        for (var kill = 0; kill < Kills; kill++)
        {
            await pair.Reader.StartAsync();
            var own = pair.Scratch[$"own{kill}"];
            Content.WriteSmallFiles(own, 200, seed: kill);
            var copy = Command.ShellAsync($"rm -rf {pair.Scratch["copy"]}; timeout -s KILL 60 cp -a {pair.Reader.Mount}/pkgs/tool/1.0/. {pair.Scratch["copy"]}");
            var import = pair.Reader.SwarmAsync("import", "tree", own, "--name", $"own{kill}", "--version", "1");
            await Task.Delay(random.Next(20, 1_200));
            await pair.Reader.KillAsync();
            await copy;
            if ((await import).ExitCode == 0) published.Add($"own{kill}");
        }
        await pair.Reader.StartAsync();
        await pair.Reader.WaitForPathAsync("pkgs/tool/1.0");
        (await Command.ShellAsync($"diff -r {tree} {pair.Reader.Mount}/pkgs/tool/1.0")).Succeeded();
        foreach (var name in published)
            (await Command.ShellAsync($"diff -r {pair.Scratch[name]} {pair.Reader.Mount}/pkgs/{name}/1")).Succeeded();
        published.Count.ShouldBeGreaterThan(0, $"seed {seed}");
        (await pair.Reader.SwarmAsync("fsck")).Succeeded();
        (await pair.Reader.StopAsync()).ShouldBe(0);
    }
}
