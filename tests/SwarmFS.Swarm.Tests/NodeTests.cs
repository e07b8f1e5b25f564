using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Swarm.Tests;

/// <summary>Whole nodes over TLS on loopback: connections, announcements, addresses, reseeding.</summary>
public sealed class NodeTests
{
    private static readonly byte[] Record = "gedit 44.2-1"u8.ToArray();

    [Fact]
    public async Task Announcements_travel_beyond_direct_neighbours()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        await using var c = await TestNode.StartAsync();
        a.Log.Offer(Record);
        b.ConnectTo(a);
        c.ConnectTo(b);

        await TestNode.Until(() => c.Log.Has("gedit 44.2-1"), "the announcement of a is known to c");

        a.Log.Offer("later"u8.ToArray());
        await TestNode.Until(() => c.Log.Has("later"), "an announcement made while connected is known to c");
    }

    [Fact]
    public async Task Hundreds_of_announcements_come_page_by_page()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        for (var i = 0; i < 500; i++) a.Log.Offer(System.Text.Encoding.ASCII.GetBytes($"record {i}"));
        b.ConnectTo(a);

        await TestNode.Until(() => b.Log.Count == 500, "all announcements are here");
    }

    [Fact]
    public async Task An_invalid_announcement_ends_the_connection_and_names_its_sender()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        a.Log.Plant("bad signature"u8.ToArray());
        b.ConnectTo(a);

        await TestNode.Until(() => b.StatusOf(a.Identity.Id)?.State == PeerState.Discouraged, "a is discouraged");
        b.StatusOf(a.Identity.Id)!.Why.ShouldBe("an invalid announcement");
        b.Log.Count.ShouldBe(0);
    }

    [Fact]
    public void A_restarted_peer_is_told_from_two_nodes_with_one_key()
    {
        using var identity = NodeIdentity.CreateEphemeral();
        var peer = new PeerRecord(identity.Id);
        foreach (var run in (ulong[])[1, 1, 2, 3, 3])
        {
            peer.FindsShared(run).ShouldBeFalse();
            peer.IsShared.ShouldBeFalse();
        }
        peer.FindsShared(2).ShouldBeTrue("3 was here since");
        peer.IsShared.ShouldBeTrue();
        peer.FindsShared(3).ShouldBeFalse("it is known");
    }

    [Fact]
    public async Task Of_two_nodes_with_one_key_the_first_stays_once_that_is_known()
    {
        await using var common = await TestNode.StartAsync();
        await using var first = await TestNode.StartAsync();
        await using var copy = await TestNode.StartAsync(identity: first.Identity);
        first.ConnectTo(common);
        await TestNode.Until(() => first.IsConnectedTo(common), "the first is there");
        copy.ConnectTo(common);

        await TestNode.Until(() => first.StatusOf(common.Identity.Id)?.Why?.Contains("copy") == true || copy.StatusOf(common.Identity.Id)?.Why?.Contains("copy") == true, "one of them is told");
        var connected = first.IsConnectedTo(common) ? first : copy;
        for (var look = 0; look < 20; look++)
        {
            connected.IsConnectedTo(common).ShouldBeTrue();
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_node_whose_disk_lied_finds_it_out_from_whoever_noticed()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        using var sound = a.AddBlock(1000, seed: 1);
        using var rotten = a.AddBlock(1000, seed: 2);
        a.Store.Damage(rotten.Cid);
        b.ConnectTo(a);
        using var sink = new KeepingSink();

        await b.Node.FetchAsync(TestNode.Wish(sound.Cid, [sound.Cid, rotten.Cid], seconds: 5), sink, TestContext.Current.CancellationToken);

        await TestNode.Until(() => b.StatusOf(a.Identity.Id)?.State == PeerState.Discouraged, "a is discouraged");
        await TestNode.Until(() => !a.Store.Contains(rotten.Cid), "a has dropped the damaged block");
        a.Store.Contains(sound.Cid).ShouldBeTrue();
    }

    [Fact]
    public async Task Two_nodes_that_dial_each_other_keep_one_connection()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        a.ConnectTo(b);
        b.ConnectTo(a);
        await TestNode.Until(() => a.IsConnectedTo(b) && b.IsConnectedTo(a), "they are connected");

        using var block = a.AddBlock(1000, seed: 1);
        using var sink = new KeepingSink();
        for (var i = 0; i < 20; i++)
            (await b.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid]), sink, TestContext.Current.CancellationToken)).Missing.ShouldBe(0);

        a.Node.Peers.Count(peer => peer.State == PeerState.Connected).ShouldBe(1);
        await TestNode.Until(() => a.IsConnectedTo(b) && b.IsConnectedTo(a) && a.StatusOf(b.Identity.Id)!.Direction != b.StatusOf(a.Identity.Id)!.Direction, "both keep the same one");
    }

    [Fact]
    public async Task A_static_peer_is_found_again_after_its_restart()
    {
        using var identity = NodeIdentity.CreateEphemeral();
        var store = new MemoryBlockStore();
        await using var b = await TestNode.StartAsync();
        var a = await TestNode.StartAsync(identity: identity, store: store);
        using var block = a.AddBlock(1000, seed: 1);
        var endPoint = a.EndPoint;
        b.ConnectTo(a);
        await TestNode.Until(() => b.IsConnectedTo(a), "b is connected");
        await a.DisposeAsync();
        await TestNode.Until(() => !b.IsConnectedTo(a), "b has noticed");
        using var sink = new KeepingSink();
        var fetch = b.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid]), sink, TestContext.Current.CancellationToken);

        await using var again = await TestNode.StartAsync(options => options with { Listen = endPoint }, identity, store);

        (await fetch).Missing.ShouldBe(0);
    }

    [Fact]
    public async Task What_was_fetched_is_served_on_after_the_source_is_gone()
    {
        var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        await using var c = await TestNode.StartAsync();
        var tree = TestTree.Build(a.Store, files: 100);
        b.ConnectTo(a);
        using var atB = new KeepingSink(b.Store);
        (await b.Node.FetchTreeAsync(Whole(tree.Root), atB, TestContext.Current.CancellationToken)).Missing.ShouldBe(0);
        await a.DisposeAsync();

        c.ConnectTo(b);
        using var atC = new KeepingSink(c.Store);
        var result = await c.Node.FetchTreeAsync(Whole(tree.Root), atC, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(0, result.Explanation);
        c.Store.Cids.Order().ShouldBe(b.Store.Cids.Order());
        c.Node.Transfers.ShouldHaveSingleItem().From.ShouldBe(b.Identity.Id);
    }

    [Fact]
    public async Task A_node_that_is_asked_before_it_has_the_root_tells_when_it_has()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        b.ConnectTo(a);
        await TestNode.Until(() => b.IsConnectedTo(a), "b is connected");
        using var later = Block.Create(CidCodec.Raw, "imported while b waits"u8);
        using var sink = new KeepingSink();
        var fetch = b.Node.FetchAsync(TestNode.Wish(later.Cid, [later.Cid]), sink, TestContext.Current.CancellationToken);
        await TestNode.Until(() => b.Node.Peers.Count > 0 && !fetch.IsCompleted, "b waits");

        a.Store.Put(later);

        (await fetch.WaitAsync(TestNode.Patience)).Missing.ShouldBe(0);
    }

    [Fact]
    public async Task A_third_node_is_found_through_its_neighbour()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync(options => options with { OutboundTarget = 8 });
        await using var c = await TestNode.StartAsync(options => options with { OutboundTarget = 8 });
        b.ConnectTo(a);
        c.ConnectTo(a);

        await TestNode.Until(() => b.IsConnectedTo(c) || c.IsConnectedTo(b), "b and c have found each other through a");
    }

    [Fact]
    public async Task A_full_node_refuses_and_says_so()
    {
        await using var a = await TestNode.StartAsync(options => options with { MaxConnections = 1 });
        await using var b = await TestNode.StartAsync();
        await using var c = await TestNode.StartAsync();
        b.ConnectTo(a);
        await TestNode.Until(() => b.IsConnectedTo(a), "b is connected");

        c.ConnectTo(a);

        await TestNode.Until(() => c.Node.Peers.Any(peer => peer.Why?.Contains("slots") == true), "c was told why");
        b.IsConnectedTo(a).ShouldBeTrue();
    }

    [Fact]
    public async Task A_node_that_dials_itself_gives_up()
    {
        await using var a = await TestNode.StartAsync();
        a.ConnectTo(a);

        await TestNode.Until(() => a.Node.Peers.Any(peer => peer.Why?.Contains("itself") == true), "it has noticed");

        a.Node.Peers.ShouldNotContain(peer => peer.State == PeerState.Connected);
    }

    [Fact]
    public async Task Another_node_at_a_known_address_is_not_spoken_to()
    {
        await using var stranger = await TestNode.StartAsync();
        await using var a = await TestNode.StartAsync();
        using var friend = NodeIdentity.CreateEphemeral();

        a.Node.AddPeer($"{friend.Id}@{stranger.EndPoint}");

        await TestNode.Until(() => a.Node.Peers.Any(peer => peer.Why?.Contains("another node") == true), "a has noticed");
        a.IsConnectedTo(stranger).ShouldBeFalse();
        a.Node.AddPeer($"{stranger.Identity.Id}@localhost:{stranger.EndPoint.Port}");
        await TestNode.Until(() => a.IsConnectedTo(stranger), "the right identity is accepted");
    }

    [Fact]
    public async Task Many_sources_share_the_work()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync(store: a.Store);
        await using var c = await TestNode.StartAsync();
        var cids = new List<Cid>();
        for (var i = 0; i < 400; i++)
        {
            using var block = a.AddBlock(20_000, seed: i);
            cids.Add(block.Cid);
        }
        c.ConnectTo(a);
        c.ConnectTo(b);
        await TestNode.Until(() => c.IsConnectedTo(a) && c.IsConnectedTo(b), "both are connected");
        using var warm = new KeepingSink();
        await c.Node.FetchAsync(TestNode.Wish(cids[0], cids[..1]), warm, TestContext.Current.CancellationToken);
        using var sink = new KeepingSink();

        (await c.Node.FetchAsync(TestNode.Wish(cids[0], cids, priority: FetchPriority.Prefetch), sink, TestContext.Current.CancellationToken)).Missing.ShouldBe(0);

        c.Node.Transfers.Where(transfer => transfer.Blocks > 20).Select(transfer => transfer.From).Distinct().Count().ShouldBe(2);
        c.Node.Transfers.Sum(transfer => transfer.Blocks).ShouldBe(401);
    }

    [Fact]
    public async Task An_upload_limit_is_kept()
    {
        await using var a = await TestNode.StartAsync(options => options with { UploadBytesPerSecond = 400_000 });
        await using var b = await TestNode.StartAsync();
        var cids = new List<Cid>();
        for (var i = 0; i < 40; i++)
        {
            using var block = a.AddBlock(10_000, seed: i);
            cids.Add(block.Cid);
        }
        b.ConnectTo(a);
        using var sink = new KeepingSink();
        var started = TimeProvider.System.GetTimestamp();

        (await b.Node.FetchAsync(TestNode.Wish(cids[0], cids), sink, TestContext.Current.CancellationToken)).Missing.ShouldBe(0);

        // 400 KB at 400 KB/s, of which the first batches go out at once.
        TimeProvider.System.GetElapsedTime(started).ShouldBeGreaterThan(TimeSpan.FromSeconds(0.8));
    }

    [Fact]
    public async Task Remembered_peers_are_dialled_after_a_restart()
    {
        await using var a = await TestNode.StartAsync();
        var book = new MemoryPeerBook();
        using var identity = NodeIdentity.CreateEphemeral();
        await using (var first = await TestNode.StartAsync(identity: identity, book: book))
        {
            first.ConnectTo(a);
            await TestNode.Until(() => first.IsConnectedTo(a), "connected");
        }
        book.Load().ShouldHaveSingleItem().Id.ShouldBe(a.Identity.Id);

        await using var second = await TestNode.StartAsync(options => options with { OutboundTarget = 8 }, identity, book: book);

        await TestNode.Until(() => second.IsConnectedTo(a), "connected without being told");
    }

    [Theory]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:70000")]
    [InlineData("2001:db8::1:7001")]
    [InlineData("ho st:7001")]
    [InlineData("abc@192.0.2.7:7001")]
    public async Task An_address_that_is_none_is_refused(string address)
    {
        await using var a = await TestNode.StartAsync();

        Should.Throw<ArgumentException>(() => a.Node.AddPeer(address));
    }

    private static TreeRequest Whole(Cid root) => new(root, root, TreeSelection.Everything, 1 << 30, FetchPriority.Demand, TestNode.Deadline(15));
}
