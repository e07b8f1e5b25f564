using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>What takes seconds or days, on a clock that the test moves and a network in memory.</summary>
public sealed class SimulatedNodeTests
{
    private readonly MemoryNetwork _network = new();
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task A_peer_that_is_not_there_is_dialled_less_and_less_often()
    {
        await using var a = await StartAsync(1);
        var nobody = new IPEndPoint(IPAddress.Parse("10.9.9.9"), 7001);
        a.Node.AddPeer(nobody);

        await RunAsync(seconds: 300);

        // 0.25 s doubling to 30 s: about eight dials in the first half minute, then two a minute.
        _network.Dialled.Count.ShouldBeInRange(12, 20);
    }

    [Fact]
    public async Task Why_a_peer_is_not_reached_is_said_once_however_often_it_is_tried()
    {
        using var log = new SaidLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        await using var a = await StartAsync(1, loggers: loggers);
        a.Node.AddPeer(new IPEndPoint(IPAddress.Parse("10.9.9.9"), 7001));
        using var sink = new KeepingSink();
        var cid = Cid.Of(CidCodec.Raw, "nowhere"u8);

        _ = a.Node.FetchAsync(new FetchRequest(cid, [cid], FetchPriority.Demand, long.MaxValue), sink, TestContext.Current.CancellationToken);
        await RunUntilAsync(() => _network.Dialled.Count > 20);

        log.Lines.Count(line => line.Contains("10.9.9.9")).ShouldBe(1);
    }

    [Fact]
    public async Task Somebody_who_waits_has_the_static_peer_dialled_at_once_after_a_long_absence()
    {
        await using var a = await StartAsync(1);
        var address = new IPEndPoint(IPAddress.Parse("10.0.0.2"), 7001);
        a.Node.AddPeer(address);
        await RunAsync(seconds: 200);
        await using var b = await StartAsync(2);
        using var block = Block.Create(CidCodec.Raw, "back again"u8);
        b.Store.Put(block);
        using var sink = new KeepingSink();
        var before = _clock.GetTimestamp();

        var fetch = a.Node.FetchAsync(new FetchRequest(block.Cid, [block.Cid], FetchPriority.Demand, long.MaxValue), sink, TestContext.Current.CancellationToken);
        await RunUntilAsync(() => fetch.IsCompleted);

        (await fetch).Missing.ShouldBe(0);
        _clock.GetElapsedTime(before).ShouldBeLessThan(TimeSpan.FromSeconds(10), "the dial that was due comes up to 30 s later");
    }

    [Fact]
    public async Task A_dial_without_an_answer_is_given_up()
    {
        await using var a = await StartAsync(1);
        var hole = new IPEndPoint(IPAddress.Parse("10.9.9.9"), 7001);
        _network.BlackHoles.Add(hole);
        a.Node.AddPeer(hole);
        await RunUntilAsync(() => _network.Dialled.Count == 1);
        _network.Dialled.Count.ShouldBe(1);

        await RunUntilAsync(() => a.Node.Peers.Single().Why is not null);

        a.Node.Peers.Single().Why!.ShouldContain("10 s");
    }

    [Fact]
    public async Task Dials_that_end_in_a_fault_of_this_node_leave_room_for_others()
    {
        await using var a = await StartAsync(1);
        await using var b = await StartAsync(2);
        for (var place = 1; place <= new SwarmOptions().DialsAtOnce; place++)
        {
            var faulty = new IPEndPoint(IPAddress.Parse("10.9.9.9"), place);
            _network.Faults.Add(faulty);
            a.Node.AddPeer(faulty);
        }
        await RunUntilAsync(() => _network.Dialled.Count >= _network.Faults.Count);

        a.Node.AddPeer(b.Node.ListenEndPoint!);

        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.State == PeerState.Connected));
        a.Node.Peers.ShouldContain(peer => peer.State == PeerState.Connected);
        _network.Dialled.GroupBy(endPoint => endPoint).Count(dials => dials.Count() > 1).ShouldBeGreaterThan(0, "what failed is tried again");
    }

    [Fact]
    public async Task Addresses_without_an_answer_do_not_keep_the_next_one_waiting()
    {
        await using var a = await StartAsync(1);
        await using var b = await StartAsync(2);
        for (var place = 1; place <= 24; place++)
        {
            var silent = new IPEndPoint(IPAddress.Parse("10.9.9.9"), place);
            _network.BlackHoles.Add(silent);
            a.Node.AddPeer(silent);
        }
        a.Node.AddPeer(b.Node.ListenEndPoint!);
        var started = _clock.GetTimestamp();

        // Slowly, because what the clock does while the pool is busy counts here.
        for (var step = 0; step < 400 && !a.Node.Peers.Any(peer => peer.State == PeerState.Connected); step++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        _clock.GetElapsedTime(started).TotalSeconds.ShouldBeLessThan(9, "ten seconds for each eight of them");
    }

    [Fact]
    public async Task Where_a_peer_has_moved_away_from_another_is_found()
    {
        await using var a = await StartAsync(1);
        var (former, latter) = (new IPEndPoint(IPAddress.Parse("10.0.0.2"), 7001), new IPEndPoint(IPAddress.Parse("10.0.0.3"), 7001));
        var moving = NodeIdentity.CreateEphemeral();
        await using (await StartAsync(2, identity: moving))
        {
            a.Node.AddPeer(former);
            a.Node.AddPeer(latter);
            await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.State == PeerState.Connected));
        }
        await using var moved = await StartAsync(3, identity: moving);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.State == PeerState.Connected));

        await using var other = await StartAsync(2);

        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.Id == other.Identity.Id && peer.State == PeerState.Connected));
        a.Node.Peers.Count(peer => peer.State == PeerState.Connected).ShouldBe(2);
    }

    [Fact]
    public async Task Two_addresses_of_one_peer_are_one_connection_that_stays()
    {
        await using var a = await StartAsync(1);
        await using var b = await StartAsync(2);
        b.Node.AddPeer(a.Node.ListenEndPoint!);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.State == PeerState.Connected));
        var since = a.Node.Peers.Single().ConnectedSince;

        a.Node.AddPeer(b.Node.ListenEndPoint!);
        for (var i = 0; i < 60; i++)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
            await RunAsync(seconds: 5);
        }

        _network.Dialled.Count(dialled => dialled.Equals(b.Node.ListenEndPoint)).ShouldBeGreaterThan(1, "it is looked who answers there");
        a.Node.Peers.Single().ConnectedSince.ShouldBe(since);
    }

    [Fact]
    public async Task Where_this_node_itself_answered_another_one_is_found_later()
    {
        await using var a = await StartAsync(1);
        await using var own = _network.For(a.Node.Id, new IPAddress([10, 0, 0, 50])).Listen(new IPEndPoint(IPAddress.Any, 7001));
        a.Node.AddPeer(own.EndPoint);
        await RunUntilAsync(() => a.Node.Peers.Single().Why?.Contains("itself") == true);
        var dials = _network.Dialled.Count;
        await RunAsync(seconds: 100);
        (_network.Dialled.Count - dials).ShouldBeInRange(1, 2);
        await own.DisposeAsync();

        await using var other = await StartAsync(50);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.Id == other.Node.Id && peer.State == PeerState.Connected));
    }

    [Fact]
    public async Task A_caller_that_never_greets_is_hung_up_on()
    {
        await using var a = await StartAsync(1);
        var stranger = new NodeId(Sha256Digest.Of("stranger"u8));
        var link = await _network.For(stranger, IPAddress.Parse("10.0.0.9")).DialAsync(a.Node.ListenEndPoint!, CancellationToken.None);
        var started = _clock.GetTimestamp();

        var ended = DrainAsync(link);
        await RunUntilAsync(() => ended.IsCompleted);

        _clock.GetElapsedTime(started).TotalSeconds.ShouldBeInRange(9, 30);
        a.Node.Peers.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_connection_on_which_nothing_is_heard_is_given_up()
    {
        await using var a = await StartAsync(1);
        var (stranger, link) = await GreetAsync(a, 9);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.Id == stranger));
        var started = _clock.GetTimestamp();

        await RunUntilAsync(() => a.Node.Peers.Count == 0);

        _clock.GetElapsedTime(started).TotalSeconds.ShouldBeInRange(45, 90);
        await link.DisposeAsync();
    }

    [Fact]
    public async Task A_peer_that_owes_blocks_and_gives_no_sign_of_life_is_given_up_sooner()
    {
        await using var a = await StartAsync(1);
        var (stranger, link) = await GreetAsync(a, 9);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.Id == stranger));
        var started = _clock.GetTimestamp();
        using var sink = new KeepingSink();
        var cid = Cid.Of(CidCodec.Raw, "owed"u8);

        _ = a.Node.FetchAsync(new FetchRequest(cid, [cid], FetchPriority.Demand, long.MaxValue), sink, TestContext.Current.CancellationToken);
        await RunUntilAsync(() => a.Node.Peers.Count == 0);

        _clock.GetElapsedTime(started).TotalSeconds.ShouldBeInRange(9, 30);
        await link.DisposeAsync();
    }

    [Fact]
    public async Task When_the_network_has_changed_a_connection_that_stays_silent_is_given_up_soon_and_the_others_stay()
    {
        await using var a = await StartAsync(1, options => options with { OutboundTarget = 0 });
        await using var b = await StartAsync(2, options => options with { OutboundTarget = 0 });
        a.Node.AddPeer(b.Node.ListenEndPoint!);
        var (stranger, link) = await GreetAsync(a, 9);
        await RunUntilAsync(() => a.Node.Peers.Count(peer => peer.State == PeerState.Connected) == 2);
        await RunAsync(seconds: 20);
        var since = a.Node.Peers.Single(peer => peer.Id == b.Node.Id).ConnectedSince;
        var started = _clock.GetTimestamp();

        a.Node.NetworkChanged();
        await RunUntilAsync(() => a.Node.Peers.All(peer => peer.Id != stranger));

        _clock.GetElapsedTime(started).TotalSeconds.ShouldBeInRange(9, 20);
        a.Node.Peers.ShouldHaveSingleItem().ConnectedSince.ShouldBe(since);
        await link.DisposeAsync();
    }

    [Fact]
    public async Task That_blocks_of_a_root_do_not_come_is_said_once_in_a_while_and_of_each_root()
    {
        using var log = new SaidLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        await using var a = await StartAsync(1, loggers: loggers);
        using var sink = new KeepingSink();
        Cid[] roots = [Cid.Of(CidCodec.Raw, "one"u8), Cid.Of(CidCodec.Raw, "two"u8)];
        async Task ReadInVainAsync(Cid root)
        {
            var read = a.Node.FetchAsync(new FetchRequest(root, [root], FetchPriority.Demand, _clock.GetTimestamp() + _clock.TimestampFrequency), sink, TestContext.Current.CancellationToken);
            await RunUntilAsync(() => read.IsCompleted);
        }

        for (var time = 0; time < 5; time++)
            foreach (var root in roots) await ReadInVainAsync(root);
        log.Lines.Count(line => line.Contains("did not come")).ShouldBe(2);
        await RunAsync(seconds: 60);
        await ReadInVainAsync(roots[0]);

        log.Lines.Last(line => line.Contains("did not come")).ShouldContain("4 times");
    }

    [Fact]
    public async Task Silent_identities_of_one_address_shut_out_neither_the_operators_peer_nor_a_caller_from_elsewhere()
    {
        await using var a = await StartAsync(1, options => options with { MaxConnections = 8 });
        await using var named = await StartAsync(2);
        List<IPeerLink> silent = [];
        for (byte name = 100; name < 120; name++)
        {
            try
            {
                silent.Add((await GreetAsync(a, name, host: 9)).Link);
            }
            catch (IOException)
            {
                // Refused, and hung up on before it had said all.
            }
            await RunAsync(seconds: 1);
        }
        a.Node.Peers.Count(peer => peer.State == PeerState.Connected).ShouldBeInRange(4, 7);

        a.Node.AddPeer(named.Node.ListenEndPoint!);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.Id == named.Node.Id && peer.State == PeerState.Connected));
        var (caller, link) = await GreetAsync(a, 30);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.Id == caller && peer.State == PeerState.Connected));

        foreach (var other in silent.Append(link)) await other.DisposeAsync();
    }

    [Fact]
    public async Task A_peer_that_asks_and_does_not_read_is_given_up_however_often_it_pings()
    {
        await using var a = await StartAsync(1);
        var (stranger, link) = await GreetAsync(a, 9);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.Id == stranger));
        using var block = Block.Create(CidCodec.Raw, new byte[256 << 10]);
        a.Store.Put(block);
        var started = _clock.GetTimestamp();
        await HostilePeer.SendAsync(link, 1, new Want(block.Cid, FetchPriority.Demand, uint.MaxValue, new[] { block.Cid }));

        for (var second = 0; second < 600 && a.Node.Peers.Count > 0; second++)
        {
            try
            {
                if (second % 10 == 0) await HostilePeer.SendAsync(link, 0, new Ping(1));
            }
            catch (IOException)
            {
                // Given up, and not yet off the list.
            }
            await RunAsync(seconds: 1);
        }

        a.Node.Peers.ShouldBeEmpty();
        _clock.GetElapsedTime(started).TotalSeconds.ShouldBeGreaterThan(55);
        await link.DisposeAsync();
    }

    [Fact]
    public async Task An_idle_connection_between_two_nodes_stays()
    {
        await using var a = await StartAsync(1);
        await using var b = await StartAsync(2);
        a.Node.AddPeer(b.Node.ListenEndPoint!);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.State == PeerState.Connected));
        var since = a.Node.Peers.Single().ConnectedSince;

        for (var i = 0; i < 100; i++)
        {
            await Task.Delay(5);
            await RunAsync(seconds: 2);
        }

        a.Node.Peers.Single().ConnectedSince.ShouldBe(since);
    }

    [Fact]
    public async Task A_liar_is_forgiven_after_a_day()
    {
        await using var a = await StartAsync(1);
        var (liar, link) = await GreetAsync(a, 9);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.State == PeerState.Connected));
        await HostilePeer.SendBlockAsync(link, 77, Cid.Of(CidCodec.Raw, "x"u8), "x"u8.ToArray());
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.State == PeerState.Discouraged));
        await link.DisposeAsync();

        var refused = GreetInVainAsync(a, 9);
        await RunUntilAsync(() => refused.IsCompleted);
        await refused;
        a.Node.Peers.Single().State.ShouldBe(PeerState.Discouraged);
        _clock.Advance(TimeSpan.FromHours(24));

        var (_, forgiven) = await GreetAsync(a, 9);
        await RunUntilAsync(() => a.Node.Peers.Any(peer => peer.Id == liar && peer.State == PeerState.Connected));
        await forgiven.DisposeAsync();
    }

    [Fact]
    public async Task A_flood_of_addresses_is_taken_in_at_a_bounded_rate_and_from_one_network_only_a_few()
    {
        await using var a = await StartAsync(1, options => options with { OutboundTarget = 0 });
        var (_, link) = await GreetAsync(a, 9);
        await RunUntilAsync(() => a.Node.Peers.Count == 1);
        for (var round = 0; round < 5; round++)
        {
            var spread = Enumerable.Range(0, 1000).Select(i => new PeerAddress(new IPAddress([(byte)(20 + round), (byte)(i / 4), 0, (byte)(i % 4)]), 7001));
            await HostilePeer.SendAsync(link, 0, new Addresses([.. spread]));
        }
        await HostilePeer.SendAsync(link, 8, new Ping(9));
        await ReadAsync<Pong>(link);
        var (_, reader) = await GreetAsync(a, 10);
        await HostilePeer.SendAsync(reader, 5, new GetAddresses(1000));

        var known = await ReadAsync<Addresses>(reader);

        known.Known.Length.ShouldBeInRange(900, 1000);
        known.Known.GroupBy(address => (address.Address.GetAddressBytes()[0], address.Address.GetAddressBytes()[1])).Max(group => group.Count()).ShouldBeLessThanOrEqualTo(64);
        await HostilePeer.SendAsync(reader, 6, new GetAddresses(1000));
        await HostilePeer.SendAsync(reader, 7, new Ping(5));
        // A second question on one connection is not answered: the next answer is the pong.
        (await ReadAsync<Pong>(reader, stopAt: FrameKind.Addresses)).Token.ShouldBe(5UL);
    }

    /// <summary>With one that is declined, and one that is here.</summary>
    [Theory]
    [InlineData("far away")]
    [InlineData("known")]
    public async Task A_peer_that_answers_again_and_again_with_what_is_not_new_is_asked_once_a_second(string record)
    {
        await using var a = await StartAsync(1);
        a.Log.Offer("known"u8.ToArray());
        var (_, link) = await GreetAsync(a, 9);
        using var stop = new CancellationTokenSource();
        var asked = 0;
        var answering = AnswerAsync();
        await RunUntilAsync(() => Volatile.Read(ref asked) > 4);
        var started = _clock.GetTimestamp();
        var before = Volatile.Read(ref asked);

        await RunUntilAsync(() => Volatile.Read(ref asked) >= before + 3);
        await RunAsync(seconds: 10);

        (Volatile.Read(ref asked) - before).ShouldBeLessThanOrEqualTo((int)_clock.GetElapsedTime(started).TotalSeconds + 1);
        await stop.CancelAsync();
        await answering;
        await link.DisposeAsync();

        async Task AnswerAsync()
        {
            var reader = new FrameReader(link);
            try
            {
                while ((await reader.ReadAsync(int.MaxValue, stop.Token)).Frame is { } frame)
                {
                    if (frame.Header.Kind != FrameKind.GetRecords) continue;
                    WireMessage.TryRead<GetRecords>(frame.Body.Span, out var request, out var error).ShouldBeTrue(error);
                    Interlocked.Increment(ref asked);
                    await HostilePeer.SendAsync(link, frame.Header.RequestId, new Records(request.First + 1, [System.Text.Encoding.ASCII.GetBytes(record)]));
                }
            }
            catch (OperationCanceledException)
            {
                // The test ends.
            }
        }
    }

    private sealed record SimulatedNode(SwarmNode Node, MemoryBlockStore Store, TestLog Log, NodeIdentity Identity) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Node.DisposeAsync();
            Identity.Dispose();
        }
    }

    private async Task<SimulatedNode> StartAsync(byte name, Func<SwarmOptions, SwarmOptions>? configure = null, NodeIdentity? identity = null, ILoggerFactory? loggers = null)
    {
        identity ??= NodeIdentity.CreateEphemeral();
        var (store, log) = (new MemoryBlockStore(), new TestLog());
        var options = new SwarmOptions { Listen = new IPEndPoint(IPAddress.Any, 7001) };
        var node = new SwarmNode(
            configure?.Invoke(options) ?? options, identity, _network.For(identity.Id, new IPAddress([10, 0, 0, name])), store, log, _clock, new Random(name),
            loggers ?? NullLoggerFactory.Instance, new TestMeters());
        await node.StartAsync();
        return new SimulatedNode(node, store, log, identity);
    }

    /// <summary>Moves the clock on and lets the work that falls due be done in between.</summary>
    private async Task RunAsync(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            await SettleAsync();
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private async Task RunUntilAsync(Func<bool> condition)
    {
        for (var step = 0; step < 4000 && !condition(); step++)
        {
            await SettleAsync();
            _clock.Advance(TimeSpan.FromMilliseconds(250));
        }
        condition().ShouldBeTrue("within a thousand seconds of the simulated clock");
    }

    /// <summary>The nodes' loops run on the thread pool: a real millisecond is long for them.</summary>
    private static Task SettleAsync() => Task.Delay(1);

    /// <summary>Calls as a peer that greets properly and then does only what the test does.</summary>
    private async Task<(NodeId Id, IPeerLink Link)> GreetAsync(SimulatedNode node, byte name, byte? host = null)
    {
        var id = new NodeId(Sha256Digest.Of([name]));
        var link = await _network.For(id, new IPAddress([10, 0, 0, host ?? name])).DialAsync(node.Node.ListenEndPoint!, CancellationToken.None);
        await HostilePeer.SendAsync(link, 0, new Hello([1], id.Digest, name, [], PeerServices.None, [], "test/1"));
        await HostilePeer.SendAsync(link, 0, new HelloOk(1));
        return (id, link);
    }

    /// <summary>Completes when the node has hung up, which it may before the greeting is out: it knows by the certificate whom it does not want.</summary>
    private async Task GreetInVainAsync(SimulatedNode node, byte name)
    {
        try
        {
            var (_, link) = await GreetAsync(node, name);
            await DrainAsync(link);
        }
        catch (IOException)
        {
            // Not even greeted.
        }
    }

    private static async Task<T> ReadAsync<T>(IPeerLink link, FrameKind? stopAt = null) where T : IWireMessage<T>
    {
        var reader = new FrameReader(link);
        while ((await reader.ReadAsync(int.MaxValue, CancellationToken.None)).Frame is { } frame)
        {
            frame.Header.Kind.ShouldNotBe(stopAt ?? FrameKind.None);
            if (frame.Header.Kind != T.Kind) continue;
            WireMessage.TryRead<T>(frame.Body.Span, out var message, out var error).ShouldBeTrue(error);
            return message;
        }
        throw new TimeoutException($"The connection ended without a {T.Kind} frame.");
    }

    private static async Task DrainAsync(IPeerLink link)
    {
        var buffer = new byte[4096];
        try
        {
            while (await link.ReadAsync(buffer, CancellationToken.None) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Ended, which is all that matters here.
        }
    }
}
