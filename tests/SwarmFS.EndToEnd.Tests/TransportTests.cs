using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>A node that takes its requests through io_uring. What holds for the transport itself is tested with the room; here, that the setting gets there and a node lives with it.</summary>
public sealed class TransportTests : IDisposable
{
    private const string Switch = "/sys/module/fuse/parameters/enable_uring";
    private readonly string? _before = File.Exists(Switch) ? File.ReadAllText(Switch).Trim() : null;

    public void Dispose()
    {
        if (_before is not null) File.WriteAllText(Switch, _before);
    }

    [Fact]
    public async Task A_package_is_read_through_io_uring_from_a_peer_and_again_after_a_kill()
    {
        Assert.SkipUnless(_before is not null, "this kernel has no FUSE over io_uring");
        await using var pair = await Pair.CreateAsync("--transport", "uring");
        var tree = pair.Scratch["tree"];
        Content.WriteSmallFiles(tree, 500);
        Content.WriteLargeFile(Path.Join(tree, "image"), 64L << 20, seed: 5);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "many");
        (await pair.Reader.StatusAsync()).Mount!.Options.ShouldContain("io_uring");

        (await Command.ShellAsync($"find {mounted} -type f | xargs -P8 cat > /dev/null && diff -r {tree} {mounted}")).Succeeded();
        await pair.Reader.KillAsync();
        await pair.Reader.StartAsync();

        (await Command.ShellAsync($"diff -r {tree} {mounted}")).Succeeded();
    }
}
