using System.Diagnostics;
using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>Sources go and come back while readers wait.</summary>
public class OutageTests
{
    private const string EIO = "Input/output error";

    [Fact]
    public async Task With_its_source_dead_a_read_fails_in_time_cached_files_are_served_and_a_source_that_returns_is_used_at_once()
    {
        await using var pair = await Pair.CreateAsync("--deadline", "4s");
        var tree = pair.Scratch["tree"];
        Content.WriteSmallFiles(tree, 300);
        Content.WriteLargeFile(Path.Join(tree, "large"), 64 << 20);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "tool");
        (await Command.ShellAsync($"find {mounted} >/dev/null && diff -r {tree}/d000 {mounted}/d000")).Succeeded();

        await pair.Source.KillAsync();
        var watch = Stopwatch.StartNew();
        var dead = await Command.ShellAsync($"dd if={mounted}/large bs=4096 skip=9000 count=1 of=/dev/null");
        dead.Error.ShouldContain(EIO);
        watch.Elapsed.TotalSeconds.ShouldBeInRange(2, 8);
        (await Command.ShellAsync($"diff -r {tree}/d000 {mounted}/d000")).Succeeded();

        // A reader that is killed while it waits goes at once.
        (await Command.ShellAsync(
            $"dd if={mounted}/large bs=4096 skip=12000 count=1 of=/dev/null 2>/dev/null & p=$!; sleep 0.5; kill -9 $p; s=$(date +%s%N); wait $p 2>/dev/null; e=$(date +%s%N); [ $(( (e-s)/1000000 )) -lt 500 ]")).Succeeded();

        // A read that waits while the source returns is answered; so is the one that failed before.
        var waiting = Command.ShellAsync($"for i in 1 2 3 4; do cmp -n 4096 -i 40960000 {mounted}/large {tree}/large && exit 0; done; exit 1");
        await pair.Source.StartAsync();
        (await waiting).Succeeded();
        watch.Restart();
        (await Command.ShellAsync($"cmp {mounted}/large {tree}/large && diff -r {tree} {mounted}")).Succeeded();
        await pair.Reader.LogsAsync("could not be had within 4 s");
    }

    [Fact]
    public async Task A_cable_that_is_pulled_and_put_back_costs_no_more_than_the_time_in_between()
    {
        await using var pair = await Pair.CreateAsync("--deadline", "3s");
        var tree = pair.Scratch["tree"];
        Content.WriteLargeFile(Path.Join(tree, "large"), 32 << 20);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "tool");
        await pair.SourceHost.SetLinkAsync(up: false);
        var silent = await Command.ShellAsync($"dd if={mounted}/large bs=4096 skip=5000 count=1 of=/dev/null");
        silent.Error.ShouldContain(EIO);
        await pair.SourceHost.SetLinkAsync(up: true);
        (await Command.ShellAsync($"for i in $(seq 10); do cmp {mounted}/large {tree}/large && exit 0; done; exit 1", TimeSpan.FromSeconds(40))).Succeeded();
    }
}
