using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>A node that takes its requests one way or the other. What holds for the transports is tested with the room; here, that the setting gets there and a node lives with it.</summary>
public sealed class TransportTests
{
    [Theory]
    [InlineData("uring", true)]
    [InlineData("dev", false)]
    public async Task A_package_is_read_from_a_peer_and_again_after_a_kill(string transport, bool hasRings)
    {
        Assert.SkipUnless(!hasRings || File.Exists("/sys/module/fuse/parameters/enable_uring"), "this kernel has no FUSE over io_uring");
        await using var pair = await Pair.CreateAsync("--transport", transport);
        var tree = pair.Scratch["tree"];
        Content.WriteSmallFiles(tree, 500);
        Content.WriteLargeFile(Path.Join(tree, "image"), 64L << 20, seed: 5);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "many");
        (await pair.Reader.StatusAsync()).Mount!.Options.Contains("io_uring").ShouldBe(hasRings);

        (await Command.ShellAsync($"find {mounted} -type f | xargs -P8 cat > /dev/null && diff -r {tree} {mounted}")).Succeeded();
        await pair.Reader.KillAsync();
        await pair.Reader.StartAsync();

        (await Command.ShellAsync($"diff -r {tree} {mounted}")).Succeeded();
    }
}
