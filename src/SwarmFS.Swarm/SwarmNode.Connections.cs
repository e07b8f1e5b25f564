using System.Net;
using System.Net.Sockets;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Links become connections here, one for each pair of nodes.</summary>
public sealed partial class SwarmNode
{
    /// <summary>Addresses in HELLO, capabilities that no one of this version offers yet.</summary>
    private const string Software = "swarmfs/0.1";

    /// <summary>A second connection from the same side replaces the first when that has been silent this long: it may be dead without knowing.</summary>
    private static readonly TimeSpan SuspiciousSilence = TimeSpan.FromSeconds(20);

    private async Task AcceptLoopAsync(IPeerListener listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (await listener.AcceptAsync(_stopping.Token) is not { } incoming) return;
                if (_doorman.Enter(incoming.RemoteEndPoint, out var refusal) is { } handshake)
                {
                    Track(Task.Run(() => ReceiveAsync(incoming, handshake)));
                    continue;
                }
                TurnAway(incoming.RemoteEndPoint, refusal!);
                incoming.Dispose();
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception failed) when (failed is SocketException or IOException)
            {
                if (_listenerFailed.IsDue(out var others)) SwarmLog.ListenerFailed(_logger, listener.EndPoint, failed.Message, others);
                await Task.Delay(UpkeepPeriod, _time, CancellationToken.None);
            }
        }
    }

    private void TurnAway(EndPoint caller, string why)
    {
        SwarmLog.CallerRefused(_logger, caller, why);
        if (_turnedAway.IsDue(out var others)) SwarmLog.CallersTurnedAway(_logger, caller, why, others);
    }

    private async Task ReceiveAsync(IIncomingLink incoming, Doorman.Handshake handshake)
    {
        var caller = incoming.RemoteEndPoint;
        string? why = null;
        using (incoming)
        using (handshake)
        {
            try
            {
                using var patience = new Patience(HandshakeTime, _time, _stopping.Token, handshake.HungUp);
                var link = await incoming.AuthenticateAsync(patience.Token);
                why = await RunLinkAsync(link, PeerDirection.Inbound, target: null, patience.Token, handshake.Dispose);
            }
            catch (Exception failed) when (IsNetworkFailure(failed))
            {
                why = failed.Message;
                if (failed is PeerRefusedException) _doorman.Offended(caller);
            }
            catch (Exception fault)
            {
                SwarmLog.HandshakeFailed(_logger, fault, caller);
                _doorman.Offended(caller);
            }
        }
        if (handshake.HungUp.IsCancellationRequested) TurnAway(caller, "its handshake went on while others of its network waited for the place");
        else if (why is not null) SwarmLog.CallerRefused(_logger, caller, why);
    }

    private static bool IsNetworkFailure(Exception failed) =>
        failed is PeerRefusedException or IOException or SocketException or OperationCanceledException or ObjectDisposedException;

    /// <summary>Greets, and runs the connection to its end.</summary>
    /// <param name="greeted">Called when the handshake is over.</param>
    /// <returns>Why it did not become a connection, or null when it was one.</returns>
    private async Task<string?> RunLinkAsync(IPeerLink link, PeerDirection direction, DialTarget? target, CancellationToken patience, Action greeted)
    {
        var id = link.RemoteId;
        if (target is not null && PeerAddress.From(target.EndPoint) is { } dialled) _addresses.Answered(dialled, id, isSelf: id == Id);
        var refusal = target?.Expected is { } expected && expected != id ? $"another node answers there: {id.ToShortString()}"
            : id == Id ? "it is this node itself"
            : DiscouragedUntil(id) is { } until ? $"the peer lied and is not spoken to until {until:u}" : null;
        if (refusal is not null)
        {
            if (id == Id && target is not null) target.Id = id;
            await link.DisposeAsync();
            return refusal;
        }
        if (target is not null)
        {
            target.Id = id;
            bool isConnected;
            lock (_gate) isConnected = _connections.ContainsKey(id);
            if (isConnected)
            {
                await link.DisposeAsync();
                return null;
            }
        }
        var peer = RecordOf(id, link.RemoteEndPoint);
        var reader = new FrameReader(link);
        var greeting = await GreetAsync(link, reader, direction, patience);
        greeted();
        if (greeting.Hello is not { } hello || greeting.Refusal is not null)
        {
            await link.DisposeAsync();
            if (greeting.IsOffence) Offended(peer, link.RemoteEndPoint, greeting.Refusal!);
            return greeting.Refusal;
        }
        var connection = new PeerConnection(link, reader, direction, peer, hello, _services);
        if (Register(connection) is { } unwanted)
        {
            await link.DisposeAsync();
            return unwanted;
        }
        await RunConnectionAsync(connection, target);
        return null;
    }

    private async Task<GreetingResult> GreetAsync(IPeerLink link, FrameReader reader, PeerDirection direction, CancellationToken patience)
    {
        try
        {
            var greeting = new Greeting(link, reader, OwnHello(), hello => Admit(link, hello, direction));
            return await greeting.RunAsync(patience);
        }
        catch (OperationCanceledException)
        {
            return new GreetingResult(null, $"no HELLO-OK within {HandshakeTime.TotalSeconds} s", false);
        }
        catch (Exception failed) when (IsNetworkFailure(failed))
        {
            return new GreetingResult(null, $"the connection broke before HELLO-OK: {failed.Message}", false);
        }
    }

    private Hello OwnHello()
    {
        PeerAddress[] listen = ListenEndPoint is { } endPoint && PeerAddress.From(endPoint) is { } address ? [address] : [];
        return new Hello(Greeting.Versions, Id.Digest, _nonce, listen, PeerServices.None, _services.Compression ? [CompressedPrefix.Zstd] : [], Software);
    }

    /// <summary>Whether a peer that has said HELLO gets HELLO-OK.</summary>
    private Goodbye? Admit(IPeerLink link, Hello hello, PeerDirection direction)
    {
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested) return new Goodbye(GoodbyeReason.ShuttingDown, "the node is shutting down");
            if (hello.Nonce == _nonce) return new Goodbye(GoodbyeReason.Duplicate, "this is the node itself");
            if (_connections.TryGetValue(link.RemoteId, out var existing))
                return Prefers(existing, hello, direction) ? null : new Goodbye(GoodbyeReason.Duplicate, WhyDuplicate(existing));
            return FindPlace(link.RemoteId, link.RemoteEndPoint, direction, out _) is { } full ? new Goodbye(GoodbyeReason.Full, full) : null;
        }
    }

    /// <param name="leaves">The connection whose place it takes; null: there is room.</param>
    /// <returns>Why there is no place, or null.</returns>
    private string? FindPlace(NodeId id, EndPoint address, PeerDirection direction, out PeerConnection? leaves)
    {
        var named = _targets.Where(target => target.IsStatic).Select(target => target.Expected ?? target.Id).ToHashSet();
        var taken = _connections.Values.Select(open => new Place(
            open.Peer.Id, open.RemoteEndPoint, open.Direction == PeerDirection.Outbound || named.Contains(open.Peer.Id), open.Peer.BytesIn + open.Peer.BytesOut, open.Since)).ToArray();
        var isStatic = named.Contains(id);
        var why = _places.Find(address, direction == PeerDirection.Outbound || isStatic, isStatic, taken, out var least);
        leaves = least is { } found ? _connections[found] : null;
        return why;
    }

    /// <summary>
    /// Whether a new connection takes the place of one with the same peer. Both sides come to the same answer: a restarted peer's old connection is dead; of two crossing
    /// ones, that which the lower NodeId opened stays; of two from one side the first. So it is too with two nodes that are known to have one key, which would take turns otherwise.
    /// </summary>
    private bool Prefers(PeerConnection existing, Hello hello, PeerDirection direction)
    {
        if (existing.Hello.Nonce != hello.Nonce) return !existing.Peer.IsShared || existing.Silence > SuspiciousSilence;
        if (existing.Direction == direction) return existing.Silence > SuspiciousSilence;
        var openedByUs = direction == PeerDirection.Outbound;
        return openedByUs == Id < existing.Peer.Id;
    }

    private static string WhyDuplicate(PeerConnection stays) =>
        stays.Peer.IsShared ? "another node has the same key: one of the two state directories is a copy of the other" : "another connection stays";

    /// <returns>Why it has no place after all, or null.</returns>
    private string? Register(PeerConnection connection)
    {
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested) return "the node is shutting down";
            if (connection.Peer.FindsShared(connection.Hello.Nonce)) SwarmLog.KeyIsShared(_logger, connection.Peer);
            if (_connections.TryGetValue(connection.Peer.Id, out var existing))
            {
                if (!Prefers(existing, connection.Hello, connection.Direction)) return "another connection with this peer stays";
                existing.Close(GoodbyeReason.Duplicate, WhyDuplicate(existing));
            }
            else if (FindPlace(connection.Peer.Id, connection.RemoteEndPoint, connection.Direction, out var leaves) is { } full)
            {
                return full;
            }
            else if (leaves is not null)
            {
                _connections.Remove(leaves.Peer.Id);
                leaves.Close(GoodbyeReason.Full, "another peer has its place");
            }
            _connections[connection.Peer.Id] = connection;
            connection.Peer.Address = Normalize(connection.RemoteEndPoint);
        }
        _metrics.ConnectionOpened();
        SwarmLog.Connected(_logger, connection.Peer, connection.Direction, connection.Hello.Software);
        return null;
    }

    private async Task RunConnectionAsync(PeerConnection connection, DialTarget? target)
    {
        LearnAddress(connection, target);
        _exchange.LaneOpened(connection.Lane);
        _records.Start(connection, ResumeRecords(connection));
        if (connection.Direction == PeerDirection.Outbound) _addressExchange.Start(connection);
        var why = await connection.RunAsync();
        _exchange.LaneClosed(connection.Lane);
        _holdings.Forget(connection);
        lock (_gate)
        {
            if (_connections.TryGetValue(connection.Peer.Id, out var current) && ReferenceEquals(current, connection))
            {
                _connections.Remove(connection.Peer.Id);
                ExpectBack(connection.Peer.Id);
            }
        }
        connection.Peer.RecordsResume = (connection.Hello.Nonce, connection.RecordCursor.Next);
        _metrics.ConnectionClosed();
        if (connection.Fault is { } fault) SwarmLog.Broken(_logger, fault, connection.Peer);
        if (connection.Offence is { } offence) Offended(connection.Peer, connection.Peer.Address, offence);
        else SwarmLog.Disconnected(_logger, connection.Peer, why);
    }

    private static long ResumeRecords(PeerConnection connection) =>
        connection.Peer.RecordsResume is { } resume && resume.Nonce == connection.Hello.Nonce ? resume.Next : 0;

    /// <summary>Where the peer can be dialled: where we dialled it, or at the port it names where we see it. New addresses go on to two others.</summary>
    private void LearnAddress(PeerConnection connection, DialTarget? target)
    {
        if (connection.Direction == PeerDirection.Outbound)
        {
            if (target is not null && PeerAddress.From(Normalize(connection.Peer.Address ?? target.EndPoint)) is { } dialled) _addresses.Worked(dialled, connection.Peer.Id);
            return;
        }
        if (connection.Hello.Listen is not [var named, ..] || connection.Peer.Address is not IPEndPoint seen) return;
        var address = new PeerAddress(seen.Address, named.Port);
        if (_addresses.Add(address, connection.Peer.Id)) _addressExchange.Relay([address], connection);
        DialBack(seen.Address);
    }
}
