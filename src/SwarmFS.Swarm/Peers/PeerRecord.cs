using System.Net;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>What this node has seen of a peer, across its connections. Counters are exact; estimates belong to the exchange's lock.</summary>
internal sealed class PeerRecord(NodeId id)
{
    /// <summary>Assumed until measured: a home line. Too low costs one round trip, too high sends the first blocks to a slow peer.</summary>
    private const double FirstGoodput = 8e6;

    private long _bytesIn;
    private long _bytesOut;
    private long _blocksIn;
    private long _blocksOut;
    private long _savedIn;
    private long _savedOut;
    private (ulong? Before, ulong? Last) _runs;

    public NodeId Id { get; } = id;

    public EndPoint? Address { get; set; }

    public long BytesIn => Interlocked.Read(ref _bytesIn);
    public long BytesOut => Interlocked.Read(ref _bytesOut);
    public long BlocksIn => Interlocked.Read(ref _blocksIn);
    public long BlocksOut => Interlocked.Read(ref _blocksOut);

    /// <summary>Bytes that compression kept off the wire.</summary>
    public long BytesSavedIn => Interlocked.Read(ref _savedIn);
    public long BytesSavedOut => Interlocked.Read(ref _savedOut);

    /// <summary>Bytes of block data a second while something was outstanding.</summary>
    public double Goodput { get; set; } = FirstGoodput;

    /// <summary>The smallest round trip seen in seconds; 0 until measured.</summary>
    public double RoundTrip { get; set; }

    public int Offences { get; set; }

    public string? LastOffence { get; set; }

    /// <summary>Blocks that did not come in time.</summary>
    public int Timeouts { get; set; }

    public void Received(int bytes)
    {
        Interlocked.Add(ref _bytesIn, bytes);
        Interlocked.Increment(ref _blocksIn);
    }

    public void Sent(long bytes, int blocks)
    {
        Interlocked.Add(ref _bytesOut, bytes);
        Interlocked.Add(ref _blocksOut, blocks);
    }

    public void SavedIn(long bytes) => Interlocked.Add(ref _savedIn, bytes);

    public void SavedOut(long bytes) => Interlocked.Add(ref _savedOut, bytes);

    /// <summary>Where announcements go on after a reconnection: the peer's run, and the next number.</summary>
    public (ulong Nonce, long Next)? RecordsResume { get; set; }

    /// <summary>Two nodes have the key: a run of the peer's program came back after another one had been here, which is no restart.</summary>
    public bool IsShared { get; private set; }

    /// <summary>Notes which run of the peer's program is connected now.</summary>
    /// <returns>True when <see cref="IsShared"/> became true by it.</returns>
    public bool FindsShared(ulong nonce)
    {
        if (IsShared || nonce == _runs.Last) return false;
        IsShared = nonce == _runs.Before;
        _runs = (_runs.Last, nonce);
        return IsShared;
    }

    public override string ToString() => Address is { } address ? $"{Id.ToShortString()} ({address})" : Id.ToShortString();
}
