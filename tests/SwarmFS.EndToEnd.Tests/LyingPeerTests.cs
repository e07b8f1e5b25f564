using System.Net;
using SwarmFS.Core;
using SwarmFS.EndToEnd.Tests.Machines;
using SwarmFS.Swarm.Tests;
using SwarmFS.Wire;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>A peer that claims to have everything and lies, seen from a program that reads the mount. Each kind of lie by itself is tested in the swarm's own room.</summary>
public class LyingPeerTests
{
    private const int HonestPort = 7411;
    private const int ReaderPort = 7412;

    /// <summary>Answers every wish for blocks with bytes that are not theirs.</summary>
    private static HostilePeer WrongBytes() => new(async (_, link, frame) =>
    {
        if (frame.Header.Kind == FrameKind.Want)
        {
            foreach (var cid in HostilePeer.ReadWant(frame).Blocks.ToArray())
                await HostilePeer.SendBlockAsync(link, frame.Header.RequestId, cid, "this is not what you asked for"u8.ToArray());
        }
        if (frame.Header.Kind == FrameKind.Tree) await HostilePeer.SendBlockAsync(link, frame.Header.RequestId, Cid.Of(CidCodec.Raw, "x"u8), "y"u8.ToArray());
    });

    [Fact]
    public async Task Beside_an_honest_peer_every_byte_is_right_and_the_liar_is_named()
    {
        using var scratch = new Scratch();
        await using var liar = WrongBytes();
        await using var honest = new TestNode(scratch["honest"], host: null, "--no-mount") { Port = HonestPort };
        await using var reader = new TestNode(scratch["reader"], host: null, "--trust", honest.TrustKey, "--peer", honest.Endpoint, "--peer", liar.EndPoint.ToString()!) { Port = ReaderPort };
        Content.WriteSmallFiles(scratch["tree"], 600);
        Content.WriteLargeFile(scratch["tree/large"], 20 << 20);
        await honest.StartAsync();
        await honest.ImportAsync("tree", scratch["tree"], "--name", "tool", "--version", "1");
        await reader.StartAsync();
        await reader.WaitForPathAsync("pkgs/tool/1");
        (await Command.ShellAsync($"for i in $(seq 100); do {TestNode.Program} --state {reader.State} peers --json | grep -q {liar.Id} && exit 0; sleep 0.1; done; exit 1")).Succeeded();

        (await Command.ShellAsync($"diff -r {scratch["tree"]} {reader.Mount}/pkgs/tool/1")).Succeeded();

        var peer = (await reader.StatusAsync()).Peers.Single(peer => peer.NodeId == liar.Id.ToString());
        peer.Offences.ShouldBeGreaterThan(0);
        peer.DiscouragedUntil.ShouldNotBeNull();
        peer.Why.ShouldNotBeNullOrWhiteSpace();
        (await reader.SwarmAsync("fsck")).Succeeded();
    }

    [Fact]
    public async Task Alone_it_gets_the_reader_an_error_in_time_never_a_wrong_byte_and_nothing_of_it_is_kept()
    {
        using var scratch = new Scratch();
        await using var liar = WrongBytes();
        await using var honest = new TestNode(scratch["honest"], host: null, "--no-mount") { Port = HonestPort };
        await using var reader = new TestNode(scratch["reader"], host: null, "--deadline", "3s", "--trust", honest.TrustKey, "--peer", honest.Endpoint) { Port = ReaderPort };
        Content.WriteLargeFile(scratch["tree/large"], 20 << 20);
        await honest.StartAsync();
        await honest.ImportAsync("tree", scratch["tree"], "--name", "tool", "--version", "1");
        await reader.StartAsync();
        await reader.WaitForPathAsync("pkgs/tool/1/large");
        await honest.KillAsync();
        await liar.CallAsync(IPEndPoint.Parse(reader.Endpoint));

        var read = await Command.ShellAsync($"dd if={reader.Mount}/pkgs/tool/1/large bs=64k skip=100 count=1 | wc -c", TimeSpan.FromSeconds(20));

        read.Error.ShouldContain("Input/output error");
        read.Output.Trim().ShouldBe("0");
        (await Command.ShellAsync($"! grep -r -q 'this is not what you asked for' {reader.State}")).Succeeded();
        (await reader.SwarmAsync("fsck")).Succeeded();
    }
}
