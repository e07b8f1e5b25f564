using System.Diagnostics;
using System.Text.Json;
using SwarmFS.Control;
using SwarmFS.EndToEnd.Tests.Machines;
using SwarmFS.Testing;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>A version that the kernel serves by its own EROFS, with bytes that come from a peer.</summary>
public sealed class ViewTests
{
    private static void RequireErofs() => Assert.SkipUnless(KernelErofs.MountsFiles, "this kernel mounts no EROFS image from a file");

    private static async Task<ViewReport> ViewAsync(TestNode node, params string[] words) =>
        JsonSerializer.Deserialize((await node.SwarmAsync(["view", .. words, "--json"])).Succeeded(), ControlJson.Default.ViewReport)!;

    private static async Task<string> TypeAsync(string path) => (await Command.RunAsync("stat", ["-f", "-c", "%T", path])).Succeeded().Trim();

    [Fact]
    public async Task A_cold_version_is_copied_and_run_through_its_view_while_others_appear()
    {
        RequireErofs();
        await using var pair = await Pair.CreateAsync();
        var tree = pair.Scratch["tree"];
        Content.WriteSmallFiles(Path.Join(tree, "small"), 2_000);
        Content.WriteLargeFile(Path.Join(tree, "large/one"), 40 << 20);
        (await Command.ShellAsync($"mkdir -p {tree}/bin && cp -L $(command -v sha256sum) {tree}/bin/ && ln {tree}/bin/sha256sum {tree}/bin/again && ln -s sha256sum {tree}/bin/alias")).Succeeded();
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "tool");

        var view = await ViewAsync(pair.Reader, "tool");
        view.Views.ShouldBe([mounted]);
        (await TypeAsync(mounted)).ShouldBe("erofs");
        (await pair.Reader.StatusAsync()).Store.Bytes.ShouldBeLessThan(5 << 20, "to mount an image and to look at its names fetches no content");
        (await Command.ShellAsync($"cp -a {mounted}/. {pair.Scratch["copy"]} && diff -r {tree} {pair.Scratch["copy"]} && [ $(stat -c %h {pair.Scratch["copy"]}/bin/again) = 2 ]")).Succeeded();
        (await Command.ShellAsync($"{mounted}/bin/alias --version && cd {mounted} && find . -type f -print0 | xargs -0 -P16 -n20 sha256sum | sort -k2 > {pair.Scratch["seen"]} && cd {tree} && find . -type f -print0 | xargs -0 sha256sum | sort -k2 | diff - {pair.Scratch["seen"]}")).Succeeded();

        await pair.PublishAsync(Path.Join(tree, "small"), "tool", "2.0");
        (await Command.ShellAsync($"diff -r {tree}/small {pair.Reader.Mount}/pkgs/tool/2.0 && diff -r {tree} {mounted}")).Succeeded();
        (await ViewAsync(pair.Reader, "tool/1.0")).Views.ShouldBe([mounted]);

        (await Command.RunAsync("umount", [mounted])).Succeeded();
        (await TypeAsync(mounted)).ShouldContain("fuse");
        (await Command.ShellAsync($"diff -r {tree} {mounted}")).Succeeded();
    }

    [Fact]
    public async Task With_its_source_dead_a_view_fails_in_time_lets_killed_readers_go_and_works_again_when_it_is_back()
    {
        RequireErofs();
        await using var pair = await Pair.CreateAsync("--deadline", "4s");
        var tree = pair.Scratch["tree"];
        Content.WriteLargeFile(Path.Join(tree, "large"), 64 << 20);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "tool");
        await ViewAsync(pair.Reader, "tool");
        await pair.Source.KillAsync();

        var watch = Stopwatch.StartNew();
        (await Command.ShellAsync($"dd if={mounted}/large bs=4096 skip=9000 count=1 of=/dev/null")).Error.ShouldContain("Input/output error");
        watch.Elapsed.TotalSeconds.ShouldBeInRange(2, 10);
        (await Command.ShellAsync(
            $"dd if={mounted}/large bs=4096 skip=12000 count=1 of=/dev/null 2>/dev/null & p=$!; sleep 0.5; kill -9 $p; s=$(date +%s%N); wait $p 2>/dev/null; e=$(date +%s%N); [ $(( (e-s)/1000000 )) -lt 500 ]")).Succeeded();

        await pair.Source.StartAsync();
        (await Command.ShellAsync($"for i in $(seq 20); do cmp {mounted}/large {tree}/large && exit 0; sleep 0.2; done; exit 1")).Succeeded();
    }

    [Fact]
    public async Task Views_end_with_their_node_however_it_ends_and_are_there_again_with_the_next()
    {
        RequireErofs();
        using var scratch = new Scratch();
        await using var node = new TestNode(scratch["node"], host: null) { Port = 7459 };
        var (tree, elsewhere) = (scratch["tree"], scratch["elsewhere"]);
        Content.WriteSmallFiles(tree, 100);
        Directory.CreateDirectory(elsewhere);
        async Task ShowTreesAsync()
        {
            foreach (var place in (string[])[elsewhere, $"{node.Mount}/pkgs/tool/1.0"])
            {
                (await TypeAsync(place)).ShouldBe("erofs");
                (await Command.ShellAsync($"diff -r {tree} {place}")).Succeeded();
            }
        }
        try
        {
            await node.StartAsync();
            await node.ImportAsync("tree", tree, "--name", "tool", "--version", "1.0");
            foreach (var view in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ViewAsync(node, "tool")))) view.Views.ShouldBe([$"{node.Mount}/pkgs/tool/1.0"]);
            (await Command.ShellAsync($"grep -F {scratch["node"]} /proc/self/mountinfo | grep -c .erofs | grep -x 1")).Succeeded();
            (await ViewAsync(node, "tool", elsewhere)).Views.Count.ShouldBe(2);
            (await Command.ShellAsync($"diff -r {tree} {elsewhere}")).Succeeded();
            await node.KillAsync();

            await node.StartAsync();
            await ShowTreesAsync();
            (await node.StopAsync()).ShouldBe(0);
            (await Command.ShellAsync($"grep -F {scratch["node"]} /proc/self/mountinfo; grep -F {elsewhere} /proc/self/mountinfo")).Output.ShouldBeEmpty();

            await node.StartAsync();
            await ShowTreesAsync();
            (await Command.ShellAsync($"grep -F {scratch["node"]} /proc/self/mountinfo | grep -c .erofs | grep -x 2 && umount {elsewhere} {node.Mount}/pkgs/tool/1.0")).Succeeded();
            await node.KillAsync();
            await node.StartAsync();
            (await TypeAsync(elsewhere)).ShouldNotBe("erofs");
            (await TypeAsync($"{node.Mount}/pkgs/tool/1.0")).ShouldContain("fuse");
        }
        finally
        {
            await Command.RunAsync("umount", ["-l", elsewhere]);
        }
    }

    [Fact]
    public async Task What_cannot_be_viewed_is_refused_by_name()
    {
        RequireErofs();
        using var scratch = new Scratch();
        await using var node = new TestNode(scratch["node"], host: null) { Port = 7459 };
        Content.WriteSmallFiles(scratch["tree"], 10);
        await node.StartAsync();
        await node.ImportAsync("tree", scratch["tree"], "--name", "tool", "--version", "1.0");
        (await node.SwarmAsync("view", "nothing")).Error.ShouldContain("No package is called nothing");
        (await node.SwarmAsync("view", "tool", scratch["tree"])).Error.ShouldContain("is not empty");
        var missing = await node.SwarmAsync("view", "tool", scratch["absent"]);
        missing.ExitCode.ShouldBe(1);
        missing.Error.ShouldContain("mkdir");
        (await Command.ShellAsync($"grep -F {scratch["node"]} /proc/self/mountinfo | grep erofs")).Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_view_of_what_is_gone_is_forgotten_with_a_word_and_holds_nobody_up()
    {
        RequireErofs();
        using var scratch = new Scratch();
        await using var node = new TestNode(scratch["node"], host: null) { Port = 7459 };
        Content.WriteSmallFiles(scratch["tree"], 10);
        await node.StartAsync();
        await node.ImportAsync("tree", scratch["tree"], "--name", "tool", "--version", "1.0");
        (await node.StopAsync()).ShouldBe(0);
        var remembered = Path.Join(node.State, "views");
        await File.WriteAllTextAsync(remembered, $"gone/1.0\n\n\0\u001b[2J\n--help\ntool/1.0\ntool/1.0 {scratch["absent"]}\n");

        await node.StartAsync();
        await node.LogsAsync("gone/1.0 could not be made again");
        await node.LogsAsync("mkdir");
        (await TypeAsync($"{node.Mount}/pkgs/tool/1.0")).ShouldBe("erofs");
        (await Command.ShellAsync($"diff -r {scratch["tree"]} {node.Mount}/pkgs/tool/1.0")).Succeeded();
        File.Exists(remembered).ShouldBeFalse();
    }

    [Fact]
    public async Task A_node_without_a_mount_says_so()
    {
        using var scratch = new Scratch();
        await using var node = new TestNode(scratch["node"], host: null, "--no-mount") { Port = 7459 };
        await node.StartAsync();
        (await node.SwarmAsync("view", "tool")).Error.ShouldContain("--mount");
    }
}
