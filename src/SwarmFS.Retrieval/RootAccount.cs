using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>What the sources delivered for one root since this process started.</summary>
internal sealed class RootAccount(Cid root, TimeProvider time)
{
    private long _bytes;
    private long _blocks;
    private long _waiting;
    private long _lastReceived = long.MinValue;

    public Cid Root { get; } = root;

    public long Bytes => Interlocked.Read(ref _bytes);

    public long Blocks => Interlocked.Read(ref _blocks);

    /// <summary>Timestamp of the last block that came, or part of a large one; <see cref="long.MinValue"/>: none.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>Reads that wait for a source now.</summary>
    public long Waiting => Interlocked.Read(ref _waiting);

    public void Delivered(int length)
    {
        Interlocked.Add(ref _bytes, length);
        Interlocked.Increment(ref _blocks);
        Received();
    }

    public void Received() => Volatile.Write(ref _lastReceived, time.GetTimestamp());

    public void BeginWait() => Interlocked.Increment(ref _waiting);

    public void EndWait() => Interlocked.Decrement(ref _waiting);
}
