using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>The store has no room for what is read.</summary>
public class FullDiskTests
{
    [Fact]
    public async Task On_a_disk_smaller_than_what_is_read_all_reads_are_right_and_the_node_lives_on()
    {
        await using var pair = await Pair.CreateAsync();
        var (tree, state) = (pair.Scratch["tree"], pair.Scratch["reader/state"]);
        WriteTree(tree);
        Content.WriteSmallFiles(pair.Scratch["news"], 10);
        (await Command.ShellAsync($"mkdir -p {state} && mount -t tmpfs -o size=32m,mode=0700 swarmfs-test {state}")).Succeeded();
        try
        {
            await pair.Source.StartAsync();
            await pair.Reader.StartAsync();
            var mounted = await pair.PublishAsync(tree, "tool");
            await ReadAllAsync(pair, tree, mounted);

            // What is announced cannot be written down either: that is no reason to hang up on who said it.
            foreach (var version in (string[])["1", "2"]) await pair.Source.ImportAsync("tree", pair.Scratch["news"], "--name", "news", "--version", version);
            await ReadAllAsync(pair, tree, mounted);
            var status = await pair.Reader.StatusAsync();
            status.Health.Problems.ShouldContain(problem => problem.Contains("The store is full"));
            (await pair.Reader.SwarmAsync("status")).ExitCode.ShouldBe(1);
            pair.Reader.Log.ShouldNotContain("the connection broke");
        }
        finally
        {
            await pair.Reader.DisposeAsync();
            await Command.ShellAsync($"umount -l {state}");
        }
    }

    [Fact]
    public async Task With_a_quota_of_a_tenth_of_the_working_set_all_reads_are_right_and_the_disk_use_is_bounded()
    {
        await using var pair = await Pair.CreateAsync("--quota", "64MiB");
        var tree = pair.Scratch["tree"];
        WriteTree(tree);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "tool");
        await ReadAllAsync(pair, tree, mounted);
        var used = long.Parse((await Command.ShellAsync($"du -s --block-size=1 {pair.Reader.State} | cut -f1")).Succeeded());
        used.ShouldBeLessThan(128 << 20, "the quota, and at most 64 MiB above it");
        (await pair.Reader.StatusAsync()).Store.DiskBytes.ShouldBeInRange(32 << 20, 128 << 20);
        (await pair.Reader.SwarmAsync("fsck")).Succeeded();
    }

    private static void WriteTree(string tree)
    {
        Content.WriteSmallFiles(tree, 5_000);
        for (var i = 0; i < 6; i++) Content.WriteLargeFile(Path.Join(tree, $"large{i}"), 100 << 20, seed: i);
    }

    private static async Task ReadAllAsync(Pair pair, string tree, string mounted)
    {
        var process = pair.Reader.ProcessId;
        for (var round = 0; round < 2; round++)
            (await Command.ShellAsync($"diff -r {tree} {mounted}", TimeSpan.FromMinutes(5))).Succeeded();
        pair.Reader.ProcessId.ShouldBe(process);
        var status = await pair.Reader.StatusAsync();
        status.Pid.ShouldBe(process);
        status.Memory.ResidentBytes.ShouldBeLessThan(200 << 20);
    }
}
