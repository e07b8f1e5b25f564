using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>Several newcomers want the same at once from one source behind a home's line.</summary>
public class CrowdTests
{
    private const int Readers = 4;
    private const int MegabitsPerSecond = 40;
    private const long Size = 20 << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crowd_has_most_of_a_package_from_itself_even_when_one_of_it_is_killed(bool pins)
    {
        using var scratch = new Scratch();
        await using var network = await TestNetwork.CreateAsync();
        await using var source = new TestNode(scratch["source"], await network.AddHostAsync(), "--no-mount");
        var tree = scratch["tree"];
        Content.WriteLargeFile(Path.Join(tree, "large"), Size / 2);
        for (var file = 0; file < 80; file++) Content.WriteLargeFile(Path.Join(tree, $"d{file / 10}/f{file}"), Size / 160, seed: 10 + file);
        await source.StartAsync();
        await source.ImportAsync("tree", tree, "--name", "crowd", "--version", "1.0");
        await source.Host!.SetUploadRateAsync(MegabitsPerSecond);
        List<TestNode> readers = [];
        try
        {
            for (var number = 0; number < Readers; number++) readers.Add(await JoinAsync(scratch[$"reader{number}"], network, source));
            foreach (var reader in readers) await reader.WaitForPathAsync("pkgs/crowd/1.0");
            foreach (var reader in readers)
                await Eventually.HoldsAsync(async () => (await reader.StatusAsync()).Peers.Count(peer => peer.State == "connected") == Readers, "everybody knows everybody");
            var atFirst = await source.StatusAsync();

            var victim = FetchAsync(readers[0], pins, scratch["copy0"]);
            var others = readers.Skip(1).Select((reader, number) => FetchAsync(reader, pins, scratch[$"copy{number + 1}"])).ToArray();
            await Task.Delay(TimeSpan.FromSeconds(1.5));
            // The source forgets what it sent to a peer that is gone, and part of that went on to the others.
            var had = (await readers[0].StatusAsync()).Peers.Where(peer => peer.NodeId == atFirst.NodeId).Sum(peer => peer.BytesIn);
            await readers[0].KillAsync();
            foreach (var other in others) (await other).Succeeded();
            await victim;

            var sent = (await source.StatusAsync()).Peers.Sum(peer => peer.BytesOut) - atFirst.Peers.Sum(peer => peer.BytesOut);
            // Each for itself would have it three times from there, beside what the killed one had.
            (sent + had).ShouldBeInRange(Size * 95 / 100, 2 * Size);
            foreach (var (reader, number) in readers.Select((reader, number) => (reader, number)).Skip(1))
            {
                (await Command.ShellAsync($"diff -r {tree} {(pins ? reader.Mount + "/pkgs/crowd/1.0" : scratch[$"copy{number}"])}")).Succeeded();
                (await reader.StatusAsync()).Peers.Where(peer => peer.NodeId != atFirst.NodeId).Sum(peer => peer.BytesIn).ShouldBeGreaterThan(Size / 3);
            }
        }
        finally
        {
            foreach (var reader in readers) await reader.DisposeAsync();
        }
    }

    private static async Task<TestNode> JoinAsync(string directory, TestNetwork network, TestNode source)
    {
        var reader = new TestNode(directory, await network.AddHostAsync(), "--trust", source.TrustKey, "--peer", source.Endpoint);
        await reader.Host!.SetUploadRateAsync(MegabitsPerSecond);
        await reader.StartAsync();
        return reader;
    }

    private static Task<CommandResult> FetchAsync(TestNode reader, bool pins, string copy) =>
        pins ? reader.SwarmAsync("pin", "crowd") : Command.RunAsync("cp", ["-a", $"{reader.Mount}/pkgs/crowd/1.0", copy]);
}
