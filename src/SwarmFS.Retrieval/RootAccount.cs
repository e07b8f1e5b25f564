using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>What the sources delivered for one root since this process started.</summary>
internal sealed class RootAccount(Cid root, TimeProvider time)
{
    private long _bytes;
    private long _blocks;
    private long _waiting;
    private long _lastDelivered = long.MinValue;

    public Cid Root { get; } = root;

    public long Bytes => Interlocked.Read(ref _bytes);

    public long Blocks => Interlocked.Read(ref _blocks);

    /// <summary>Timestamp of the last block that came; <see cref="long.MinValue"/>: none.</summary>
    public long LastDelivered => Volatile.Read(ref _lastDelivered);

    /// <summary>Reads that wait for a source now.</summary>
    public long Waiting => Interlocked.Read(ref _waiting);

    public void Delivered(int length)
    {
        Interlocked.Add(ref _bytes, length);
        Interlocked.Increment(ref _blocks);
        Volatile.Write(ref _lastDelivered, time.GetTimestamp());
    }

    public void BeginWait() => Interlocked.Increment(ref _waiting);

    public void EndWait() => Interlocked.Decrement(ref _waiting);
}
