using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Transparency;

/// <summary>Which tiles a log of some size has, and what stands in a bundle of entries (C2SP tlog-tiles).</summary>
public static class LogTiles
{
    /// <summary>The longest entry in bytes: its length is a u16.</summary>
    public const int MaxEntryLength = ushort.MaxValue;

    private const int LengthPrefix = sizeof(ushort);

    /// <summary>The longest bundle in bytes.</summary>
    public const int MaxBundleLength = LogTile.FullWidth * (LengthPrefix + MaxEntryLength);

    /// <summary>All tiles and bundles of a log with <paramref name="size"/> entries: bundles first, then level by level; the last of a level may be partial.</summary>
    public static IEnumerable<LogTile> Of(long size) => Added(0, size);

    /// <summary>The tiles and bundles of a log with <paramref name="newSize"/> entries that it did not have with <paramref name="oldSize"/>; a partial one that grew is among them.</summary>
    public static IEnumerable<LogTile> Added(long oldSize, long newSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(newSize, oldSize);
        return AddedTiles(oldSize, newSize);
    }

    private static IEnumerable<LogTile> AddedTiles(long oldSize, long newSize)
    {
        for (var level = LogTile.Entries; level <= LogTile.MaxLevel; level++)
        {
            var shift = Math.Max(level, 0) * LogTile.Height;
            var (before, now) = (oldSize >> shift, newSize >> shift);
            if (before == now) continue;
            for (var index = before / LogTile.FullWidth; index * LogTile.FullWidth < now; index++)
                yield return new LogTile(level, index, (int)Math.Min(LogTile.FullWidth, now - index * LogTile.FullWidth));
        }
    }

    /// <summary>A bundle: <c>BUNDLE := count × (u16 length, big-endian; bytes)</c>.</summary>
    /// <param name="entries">1 to 256 of them, each at most <see cref="MaxEntryLength"/> bytes.</param>
    /// <exception cref="ArgumentException">Too many, none, or too long ones.</exception>
    public static byte[] EncodeEntries(IReadOnlyCollection<ReadOnlyMemory<byte>> entries)
    {
        if (entries.Count is < 1 or > LogTile.FullWidth) throw new ArgumentException($"A bundle holds 1 to {LogTile.FullWidth} entries, not {entries.Count}.", nameof(entries));
        if (entries.Any(entry => entry.Length > MaxEntryLength)) throw new ArgumentException($"An entry of a log has at most {MaxEntryLength} bytes.", nameof(entries));
        var bundle = new byte[entries.Sum(entry => LengthPrefix + entry.Length)];
        var rest = bundle.AsSpan();
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)entry.Length);
            entry.Span.CopyTo(rest[LengthPrefix..]);
            rest = rest[(LengthPrefix + entry.Length)..];
        }
        return bundle;
    }

    /// <summary>Reads a bundle that must hold exactly <paramref name="count"/> entries and nothing after them. They are slices of it, still to be checked against the tree.</summary>
    public static bool TryReadEntries(ReadOnlyMemory<byte> bundle, int count, [NotNullWhen(true)] out ReadOnlyMemory<byte>[]? entries)
    {
        entries = null;
        if (count is < 1 or > LogTile.FullWidth || bundle.Length > MaxBundleLength || bundle.Length < count * LengthPrefix) return false;
        var read = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < count; i++)
        {
            if (!BinaryPrimitives.TryReadUInt16BigEndian(bundle.Span, out var length) || bundle.Length < LengthPrefix + length) return false;
            read[i] = bundle.Slice(LengthPrefix, length);
            bundle = bundle[(LengthPrefix + length)..];
        }
        if (!bundle.IsEmpty) return false;
        entries = read;
        return true;
    }
}
