namespace SwarmFS.Core;

/// <summary>A part of a buffer from the pool of blocks, and the duty to give it back: who has the value returns it once, or hands it to a <see cref="Block"/>.</summary>
/// <param name="Array">Null in a value that nobody made.</param>
/// <param name="Owner">Others have parts of the array as well, and this holds one reference to it. Null: the whole array is this part's.</param>
public readonly record struct RentedBytes(byte[]? Array, int Offset, int Length, SharedBuffer? Owner)
{
    public ReadOnlySpan<byte> Span => Array.AsSpan(Offset, Length);

    /// <summary>An array for these bytes alone; it may be longer.</summary>
    public static RentedBytes Rent(int length) => new(BlockBuffers.Shared.Rent(length), 0, length, null);

    public void Return()
    {
        if (Owner is not null) Owner.Release();
        else if (Array is not null) BlockBuffers.Shared.Return(Array);
    }
}
