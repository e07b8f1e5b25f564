using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>What a read costs on the wire, counted by the kernel at the reader's cable.</summary>
public class TransferCostTests
{
    private const long GiB = 1L << 30;

    // The largest block, the nodes that lead to it, and TLS, TCP and gossip around them.
    private const long OneChunk = (1 << 20) + (256 << 10);

    [Fact]
    public async Task A_read_moves_what_it_needs_and_each_block_travels_once()
    {
        await using var pair = await Pair.CreateAsync();
        var tree = pair.Scratch["tree"];
        Content.WriteLargeFile(Path.Join(tree, "image"), GiB, seed: 5);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var image = await pair.PublishAsync(tree, "image") + "/image";

        var random = await CostAsync(pair, $"dd if={image} bs=4096 skip=100003 count=1 status=none | cmp - <(dd if={tree}/image bs=4096 skip=100003 count=1 status=none)");
        random.ShouldBeLessThan(GiB / 100, "the first random read fetches the nodes and one chunk");
        var again = await CostAsync(pair, $"dd if={image} bs=4096 skip=200003 count=1 status=none | cmp - <(dd if={tree}/image bs=4096 skip=200003 count=1 status=none)");
        again.ShouldBeLessThan(OneChunk);
        var first = await CostAsync(pair, $"head -c 1 {image} | cmp - <(head -c 1 {tree}/image)");
        first.ShouldBeLessThan(GiB / 100);
        var before = await pair.ReaderHost.TcpBytesAsync();
        (await Command.ShellAsync($"cmp {image} {tree}/image & cmp {image} {tree}/image && wait $!")).Succeeded();
        (await pair.ReaderHost.TcpBytesAsync() - before).ShouldBeInRange(GiB * 9 / 10, GiB * 102 / 100, "two readers of one cold file");
        var received = (await pair.Reader.StatusAsync()).Roots.Sum(root => root.BytesReceived);
        received.ShouldBeInRange(GiB, GiB * 101 / 100, "every block once, and the nodes");
        (await pair.Reader.StatusAsync()).Memory.ResidentBytes.ShouldBeLessThan(200 << 20);
    }

    [Fact]
    public async Task Listing_and_stat_of_a_cold_package_move_no_file_content()
    {
        await using var pair = await Pair.CreateAsync();
        var tree = pair.Scratch["tree"];
        Content.WriteSmallFiles(tree, 5_000);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "many");
        var cost = await CostAsync(pair, $"find {mounted} -type f -printf '%s %p\\n' | wc -l | grep -qx 5000 && ls -lR {mounted} > /dev/null");
        cost.ShouldBeLessThan(1_000_000, "5,000 entries of about 60 bytes each; the files have 20 MB");
    }

    private static async Task<long> CostAsync(Pair pair, string script)
    {
        var before = await pair.ReaderHost.ReceivedBytesAsync();
        (await Command.ShellAsync(script)).Succeeded();
        return await pair.ReaderHost.ReceivedBytesAsync() - before;
    }
}
