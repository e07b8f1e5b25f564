using System.Net;

namespace SwarmFS.Swarm;

// Waiting -> [due, and not connected] -> Dialling -> [HELLO-OK] -> Connected -> [ended] -> Waiting
// Dialling -> [failed] -> Waiting, with twice the delay
internal enum DialState
{
    Waiting,
    Dialling,
    Connected,
}

/// <summary>A peer that this node wants to be connected to, and when it tries next. Belongs to the dialler's lock.</summary>
internal sealed class DialTarget(string text, EndPoint endPoint, bool isStatic)
{
    /// <summary>A peer that restarts is back within a second; one that is gone costs two dials a minute.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    public string Text { get; } = text;

    public EndPoint EndPoint { get; } = endPoint;

    /// <summary>Told by the operator: dialled for ever. Others are dropped when they fail.</summary>
    public bool IsStatic { get; } = isStatic;

    /// <summary>Who must answer there; null: whoever does.</summary>
    public NodeId? Expected { get; init; }

    public DialState State { get; set; }

    /// <summary>Who answered there last.</summary>
    public NodeId? Id { get; set; }

    public string? Why { get; set; }

    /// <summary>What the log says of the last failures; null after a success.</summary>
    public string? Told { get; set; }

    public long NextDial { get; set; } = long.MinValue;

    public long LastDial { get; set; } = long.MinValue;

    public TimeSpan Delay { get; private set; } = FirstDelay;

    public void Succeeded()
    {
        Delay = FirstDelay;
        (Why, Told) = (null, null);
    }

    /// <summary>Waits, with a fifth of jitter, and twice as long the next time.</summary>
    public void BackOff(Random random, TimeProvider time)
    {
        var wait = Delay * (0.9 + 0.2 * random.NextDouble());
        NextDial = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
        Delay = Delay * 2 > LongestDelay ? LongestDelay : Delay * 2;
        State = DialState.Waiting;
    }

    /// <summary>Reads <c>host:port</c>, <c>address:port</c> or <c>[v6]:port</c>, with <c>id@</c> before it where the peer's identity is known.</summary>
    public static bool TryParse(string text, out EndPoint endPoint, out NodeId? expected)
    {
        endPoint = new IPEndPoint(IPAddress.None, 0);
        expected = null;
        if (text.IndexOf('@') is var at and >= 0)
        {
            if (!NodeId.TryParse(text.AsSpan(0, at), out var id)) return false;
            expected = id;
            text = text[(at + 1)..];
        }
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), out var port) || port == 0) return false;
        var host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
        else if (host.Contains(':')) return false;
        endPoint = IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
        return Uri.CheckHostName(host) != UriHostNameType.Unknown;
    }
}
