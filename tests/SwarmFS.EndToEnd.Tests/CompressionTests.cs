using System.Text.Json;
using SwarmFS.Control;
using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>What a slow line carries, counted by the kernel at the reader: C headers, which a package carries packed to about a quarter.</summary>
public class CompressionTests
{
    private const int MegabitsPerSecond = 20;

    [Fact]
    public async Task Over_a_slow_line_a_package_comes_packed()
    {
        await using var pair = await Pair.CreateAsync();
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();

        var (received, wire) = await CopyOverASlowLineAsync(pair);

        wire.ShouldBeLessThan(received / 2);
        var peer = (await PeersAsync(pair.Reader)).Single();
        peer.BytesSavedIn.ShouldBeInRange(received / 2, received);
        (await PeersAsync(pair.Source)).Single().BytesSavedOut.ShouldBe(peer.BytesSavedIn);
        (await pair.Reader.SwarmAsync("peers")).Succeeded().ShouldContain("less on the wire by compression");
    }

    [Theory]
    [InlineData("off", "on")]
    [InlineData("on", "off")]
    public async Task Where_either_side_does_not_want_it_the_package_comes_as_it_is(string source, string reader)
    {
        await using var pair = await Pair.CreateAsync("--compression", reader);
        await pair.Source.StartAsync("--compression", source);
        await pair.Reader.StartAsync();

        var (received, wire) = await CopyOverASlowLineAsync(pair);

        wire.ShouldBeGreaterThan(received);
        (await PeersAsync(pair.Reader)).Single().BytesSavedIn.ShouldBe(0);
    }

    /// <returns>Bytes of blocks that came over the slow line, and bytes that TCP carried to the reader for them. The directory structure is there before.</returns>
    private static async Task<(long Received, long Wire)> CopyOverASlowLineAsync(Pair pair)
    {
        var tree = pair.Scratch["tree"];
        (await Command.ShellAsync($"cp -a /usr/include/linux {tree}")).Succeeded();
        var mounted = await pair.PublishAsync(tree, "headers");
        await pair.ReaderHost.SetRateAsync(MegabitsPerSecond);
        var (before, had) = (await pair.ReaderHost.TcpBytesAsync(), (await PeersAsync(pair.Reader)).Single().BytesIn);
        (await Command.ShellAsync($"cp -a {mounted} {pair.Scratch["copy"]} && diff -r {tree} {pair.Scratch["copy"]}")).Succeeded();
        var wire = await pair.ReaderHost.TcpBytesAsync() - before;
        return ((await PeersAsync(pair.Reader)).Single().BytesIn - had, wire);
    }

    private static async Task<IReadOnlyList<PeerReport>> PeersAsync(TestNode node) =>
        JsonSerializer.Deserialize((await node.SwarmAsync("peers", "--json")).Succeeded(), ControlJson.Default.PeersReport)!.Peers;
}
