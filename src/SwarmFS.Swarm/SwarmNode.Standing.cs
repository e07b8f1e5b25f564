using System.Net;

namespace SwarmFS.Swarm;

/// <summary>What is remembered of peers beyond their connections: counters, and who lied.</summary>
public sealed partial class SwarmNode
{
    /// <summary>Discouraged identities remembered; identities are free, so the list has a bound and the oldest leaves.</summary>
    private const int MaxDiscouraged = 65536;

    private PeerRecord RecordOf(NodeId id, EndPoint address)
    {
        lock (_gate)
        {
            if (!_peers.TryGetValue(id, out var record))
            {
                if (_peers.Count >= MaxPeerRecords) ForgetOnePeer();
                _peers[id] = record = new PeerRecord(id);
            }
            record.Address ??= Normalize(address);
            return record;
        }
    }

    private void ForgetOnePeer()
    {
        foreach (var id in _peers.Keys)
        {
            if (_connections.ContainsKey(id) || _discouraged.ContainsKey(id)) continue;
            _peers.Remove(id);
            return;
        }
    }

    private static EndPoint Normalize(EndPoint endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port) : endPoint;

    private void Offended(PeerRecord peer, EndPoint? address, string offence)
    {
        var until = _time.GetUtcNow() + _options.Discouragement;
        lock (_gate)
        {
            peer.Offences++;
            peer.LastOffence = offence;
            if (_discouraged.Count >= MaxDiscouraged) _discouraged.Remove(_discouraged.MinBy(known => known.Value).Key);
            _discouraged[peer.Id] = _time.GetTimestamp() + (long)(_options.Discouragement.TotalSeconds * _time.TimestampFrequency);
        }
        if (address is not null) _doorman.Offended(Normalize(address));
        _metrics.Offended();
        SwarmLog.Offended(_logger, peer, until, offence);
    }

    private DateTimeOffset? DiscouragedUntil(NodeId id)
    {
        lock (_gate)
        {
            if (!_discouraged.TryGetValue(id, out var until)) return null;
            var left = _time.GetElapsedTime(_time.GetTimestamp(), until);
            if (left > TimeSpan.Zero) return _time.GetUtcNow() + left;
            _discouraged.Remove(id);
            return null;
        }
    }
}
