using System.Net;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Keeps static peers connected, fills the other outbound slots from what was heard, and answers "who are my peers".</summary>
public sealed partial class SwarmNode
{
    /// <summary>Peers found on the local network or heard of that are being dialled.</summary>
    private const int MaxTargets = 1024;

    /// <summary>When somebody waits for a source, a static peer is dialled again this soon after its last failure.</summary>
    private static readonly TimeSpan UrgentDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>An address whose last node is connected from elsewhere, not spoken to, or this node itself is dialled so often: another node may answer there by now.</summary>
    private static readonly TimeSpan ElsewherePeriod = TimeSpan.FromSeconds(60);

    /// <summary>A dial that takes longer has no answer from a node, and leaves its place to the next.</summary>
    private static readonly TimeSpan PromptAnswer = TimeSpan.FromSeconds(1);

    /// <summary>All dials at once, those without an answer included.</summary>
    private const int MaxDials = 128;

    private int _dialling;

    /// <summary>Keeps this node connected to a peer from now on.</summary>
    /// <param name="address"><c>host:port</c>, <c>[v6]:port</c>; with <c>id@</c> before it, only a peer of that identity is accepted there.</param>
    /// <exception cref="ArgumentException">Not such an address.</exception>
    public void AddPeer(string address)
    {
        if (!DialTarget.TryParse(address, out var endPoint, out var expected))
            throw new ArgumentException($"'{address}' is no peer address; write host:port, for example 192.0.2.7:7001 or [2001:db8::7]:7001.", nameof(address));
        AddTarget(address, endPoint, isStatic: true, expected);
    }

    /// <inheritdoc cref="AddPeer(string)"/>
    public void AddPeer(EndPoint address) => AddTarget(address.ToString()!, address, isStatic: true);

    /// <summary>The network has changed: whoever is not connected is dialled at once, whoever is has to give a sign of life, and the local network is looked for.</summary>
    public void NetworkChanged()
    {
        lock (_gate)
        {
            foreach (var target in _targets) target.NextDial = long.MinValue;
        }
        foreach (var connection in Connections()) connection.Doubt();
        _lan?.NetworkChanged();
    }

    private void AddTarget(string text, EndPoint endPoint, bool isStatic, NodeId? expected = null)
    {
        lock (_gate)
        {
            if (_targets.Count >= MaxTargets || _targets.Exists(known => known.EndPoint.Equals(endPoint))) return;
            _targets.Add(new DialTarget(text, endPoint, isStatic) { Expected = expected });
        }
    }

    /// <summary>A reader waits and nobody is there to ask.</summary>
    private void DialSoon()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            foreach (var target in _targets)
                if (target.State == DialState.Waiting && (target.LastDial == long.MinValue || _time.GetElapsedTime(target.LastDial, now) > UrgentDelay)) target.NextDial = now;
        }
        Dial();
    }

    /// <summary>A connection ended, whoever had opened it: its static peer is dialled from the shortest delay on.</summary>
    private void ExpectBack(NodeId id)
    {
        foreach (var target in _targets)
        {
            if (target.Id != id || target.State != DialState.Waiting) continue;
            target.Succeeded();
            target.NextDial = long.MinValue;
        }
    }

    /// <summary>A peer came from this address: it is back, so what we know there is dialled at once.</summary>
    private void DialBack(IPAddress address)
    {
        lock (_gate)
        {
            foreach (var target in _targets)
                if (target.EndPoint is IPEndPoint known && known.Address.Equals(address)) target.NextDial = long.MinValue;
        }
    }

    private void Dial()
    {
        if (_upkeep is null || _stopping.IsCancellationRequested) return;
        PickHeardOf();
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            var prompt = _targets.Count(target => target.State == DialState.Dialling && _time.GetElapsedTime(target.LastDial, now) < PromptAnswer);
            // First where somebody answered before.
            foreach (var target in _targets.OrderBy(target => target.Id is null))
            {
                if (prompt >= _options.DialsAtOnce || _dialling >= MaxDials) return;
                if (target.State != DialState.Waiting || target.NextDial > now) continue;
                if (IsElsewhere(target) && _time.GetElapsedTime(target.LastDial, now) < ElsewherePeriod) continue;
                target.State = DialState.Dialling;
                target.LastDial = now;
                prompt++;
                _dialling++;
                Track(Task.Run(() => DialAsync(target)));
            }
        }
    }

    /// <summary>Who answered there last is connected in another way, not spoken to, or this node.</summary>
    private bool IsElsewhere(DialTarget target) => target.Id is { } id && (id == Id || _connections.ContainsKey(id) || DiscouragedUntil(id) is not null);

    private void PickHeardOf()
    {
        lock (_gate)
        {
            var outbound = _connections.Values.Count(connection => connection.Direction == PeerDirection.Outbound);
            var dialling = _targets.Count(target => !target.IsStatic && target.State == DialState.Dialling);
            if (outbound + dialling >= _options.OutboundTarget || _connections.Count >= _options.MaxConnections) return;
            if (_addresses.Pick((address, id) => IsUnused(address.ToEndPoint(), id)) is not { } address) return;
            var endPoint = address.ToEndPoint();
            _targets.Add(new DialTarget(endPoint.ToString(), endPoint, isStatic: false));
        }
    }

    private bool IsUnused(IPEndPoint endPoint, NodeId? id) =>
        (id is null || !_connections.ContainsKey(id.Value) && !_discouraged.ContainsKey(id.Value))
        && !endPoint.Equals(ListenEndPoint)
        && !_targets.Exists(target => target.EndPoint.Equals(endPoint))
        && !_connections.Values.Any(connection => endPoint.Equals(connection.Peer.Address) || Names(connection, endPoint));

    /// <summary>Whether a peer that called us says that it listens there: then it need not be called back.</summary>
    private static bool Names(PeerConnection connection, IPEndPoint endPoint) =>
        connection.Direction == PeerDirection.Inbound
        && connection.Peer.Address is IPEndPoint seen && seen.Address.Equals(endPoint.Address)
        && connection.Hello.Listen.Any(named => named.Port == endPoint.Port);

    private async Task DialAsync(DialTarget target)
    {
        string? why = "a fault of this node";
        var released = false;
        try
        {
            using var patience = new Patience(HandshakeTime, _time, _stopping.Token);
            var link = await _transport.DialAsync(target.EndPoint, patience.Token);
            why = await RunLinkAsync(link, PeerDirection.Outbound, target, patience.Token, () =>
            {
                lock (_gate)
                {
                    _dialling--;
                    released = true;
                    target.State = DialState.Connected;
                }
            });
        }
        catch (OperationCanceledException)
        {
            why = $"no answer within {HandshakeTime.TotalSeconds} s";
        }
        catch (PeerRefusedException refused) when (refused.IsSelf)
        {
            why = refused.Message;
            lock (_gate) target.Id = Id;
            if (PeerAddress.From(target.EndPoint) is { } own) _addresses.Answered(own, Id, isSelf: true);
        }
        catch (Exception failed) when (IsNetworkFailure(failed))
        {
            why = failed.Message;
        }
        catch (Exception fault)
        {
            SwarmLog.HandshakeFailed(_logger, fault, target.EndPoint);
        }
        finally
        {
            Undial(target, why, released);
        }
    }

    private void Undial(DialTarget target, string? why, bool released)
    {
        bool isKnown, isTold;
        lock (_gate)
        {
            if (!released) _dialling--;
            if (why is null) target.Succeeded();
            else target.Why = why;
            // Who authenticated is there; that we are not connected then has other reasons.
            isKnown = target.Id is not null;
            if (!target.IsStatic) _targets.Remove(target);
            target.BackOff(_random, _time);
            isTold = target.Told == why;
            target.Told = why;
        }
        if (why is null || _stopping.IsCancellationRequested) return;
        if (!isKnown && PeerAddress.From(target.EndPoint) is { } address) _addresses.Failed(address);
        if (!target.IsStatic) SwarmLog.HeardOfFailed(_logger, target.Text, why);
        else if (isTold) SwarmLog.DialFailedAgain(_logger, target.Text, why);
        else SwarmLog.DialFailed(_logger, target.Text, why);
    }

    /// <summary>Connected peers, static peers, and those that lied.</summary>
    public IReadOnlyList<PeerStatus> Peers
    {
        get
        {
            lock (_gate)
            {
                var all = new List<PeerStatus>();
                foreach (var connection in _connections.Values) all.Add(Describe(connection.Peer, connection, null));
                foreach (var target in _targets)
                {
                    if (!target.IsStatic || target.Id is { } id && _connections.ContainsKey(id)) continue;
                    all.Add(Describe(target.Id is { } known ? _peers.GetValueOrDefault(known) : null, null, target));
                }
                foreach (var id in _discouraged.Keys.ToArray())
                {
                    if (DiscouragedUntil(id) is null || all.Exists(status => status.Id == id) || !_peers.TryGetValue(id, out var liar)) continue;
                    all.Add(Describe(liar, null, null));
                }
                return all;
            }
        }
    }

    private PeerStatus Describe(PeerRecord? peer, PeerConnection? connection, DialTarget? target)
    {
        var (outstanding, _, stalled) = connection is null ? default : _exchange.Describe(connection.Lane);
        var discouraged = peer is null ? null : DiscouragedUntil(peer.Id);
        var state = discouraged is not null ? PeerState.Discouraged
            : connection is not null ? stalled ? PeerState.Stalled : PeerState.Connected
            : target?.State switch { DialState.Dialling => PeerState.Dialling, DialState.Connected => PeerState.Greeting, _ => PeerState.Disconnected };
        return new PeerStatus(
            peer?.Id, peer?.Address ?? target?.EndPoint, connection?.Direction, state, connection?.Hello.Software ?? "",
            peer?.RoundTrip ?? 0, peer?.Goodput ?? 0, peer?.BytesIn ?? 0, peer?.BytesOut ?? 0, peer?.BlocksIn ?? 0, peer?.BlocksOut ?? 0,
            peer?.BytesSavedIn ?? 0, peer?.BytesSavedOut ?? 0,
            outstanding, peer?.Offences ?? 0, peer?.Timeouts ?? 0, connection?.Since, NextDialOf(target), discouraged, peer?.LastOffence ?? target?.Why);
    }

    private DateTimeOffset? NextDialOf(DialTarget? target)
    {
        if (target is not { State: DialState.Waiting }) return null;
        var now = _time.GetTimestamp();
        return target.NextDial <= now ? _time.GetUtcNow() : _time.GetUtcNow() + _time.GetElapsedTime(now, target.NextDial);
    }
}
