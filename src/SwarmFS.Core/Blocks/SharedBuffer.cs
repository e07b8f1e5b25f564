namespace SwarmFS.Core;

/// <summary>
/// A buffer in which small things come one after another, and of which each becomes a part: no copy and no array for every one of them. Goes back to the pool of blocks with the last
/// reference; the maker has the first. One that is never released is garbage like any array.
/// </summary>
public sealed class SharedBuffer(int length)
{
    private int _references = 1;

    /// <summary>May be longer than was asked for.</summary>
    public byte[] Array { get; } = BlockBuffers.Shared.Rent(length);

    /// <summary>Somebody has a part. Once it is false it stays so until the maker shares again.</summary>
    public bool IsShared => Volatile.Read(ref _references) > 1;

    /// <summary>For the maker. The bytes are not changed as long as the part is somebody's.</summary>
    public RentedBytes Share(int offset, int length)
    {
        Interlocked.Increment(ref _references);
        return new RentedBytes(Array, offset, length, this);
    }

    /// <summary>Gives up one reference: a part's, or the maker's.</summary>
    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left < 0) throw new ObjectDisposedException(nameof(SharedBuffer), "One reference too many was released.");
        if (left == 0) BlockBuffers.Shared.Return(Array);
    }
}
