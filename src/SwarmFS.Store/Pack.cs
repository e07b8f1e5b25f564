using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>A file of many small blocks, written from front to back. States: Active (appended to) -> [Seal] -> Sealed (has an index).</summary>
internal sealed class Pack(int id, string path) : Container(id, path)
{
    public const string Extension = ".pack";
    public const string IndexExtension = ".index";

    // Large enough that a pack of tiny records costs few system calls, small enough to come from the pool.
    private const int ScanWindow = 256 << 10;

    private long _unwrittenFrom = long.MaxValue;

    /// <summary>Where the next record begins; grows under the writer's lock.</summary>
    public long Length { get; set; }

    /// <summary>Where the part begins that <see cref="PackTail"/> has and the file has not.</summary>
    public long UnwrittenFrom
    {
        get => Volatile.Read(ref _unwrittenFrom);
        set => Volatile.Write(ref _unwrittenFrom, value);
    }

    public bool IsSealed { get; set; }

    /// <summary>The device could not give all of it when the store was opened: what the index has of it is what it gave.</summary>
    public bool IsPartlyLost { get; set; }

    public string IndexPath => System.IO.Path.ChangeExtension(Path, IndexExtension);

    public override IEnumerable<string> Paths => [IndexPath, Path];

    public override IReadOnlyList<ListedBlock> ReadList()
    {
        if (File.Exists(IndexPath) && PackFormat.TryDecodeIndex(File.ReadAllBytes(IndexPath), Length) is { } blocks) return blocks;
        var scanned = Scan(out _, out var damage);
        return damage is null || IsPartlyLost ? scanned : throw damage;
    }

    /// <summary>Reads the record headers one after the other up to the first that is none or whose bytes are cut off.</summary>
    /// <param name="end">Where that one begins: the length of the sound part.</param>
    /// <param name="damage">Why the device cannot give what follows; otherwise null.</param>
    public List<ListedBlock> Scan(out long end, out IOException? damage)
    {
        (end, damage) = (0, null);
        var blocks = new List<ListedBlock>();
        try
        {
            Scan(blocks, ref end);
        }
        catch (IOException failure) when (Interop.IsDamage(failure))
        {
            damage = failure;
        }
        return blocks;
    }

    private void Scan(List<ListedBlock> blocks, ref long end)
    {
        using var file = Interop.Open(Path, Interop.ReadOnly);
        var length = RandomAccess.GetLength(file);
        var window = new byte[ScanWindow];
        long windowStart = 0;
        var windowLength = RandomAccess.Read(file, window, 0);
        if (windowLength < PackFormat.FileHeaderLength || !window.AsSpan().StartsWith(PackFormat.FileHeader)) return;
        end = PackFormat.FileHeaderLength;
        while (end + PackFormat.RecordHeaderLength <= length)
        {
            if (end + PackFormat.RecordHeaderLength > windowStart + windowLength)
            {
                windowStart = end;
                windowLength = RandomAccess.Read(file, window, end);
                if (windowLength < PackFormat.RecordHeaderLength) break;
            }
            var header = window.AsSpan((int)(end - windowStart), PackFormat.RecordHeaderLength);
            if (!PackFormat.TryReadRecordHeader(header, out var digest, out var codec, out var size)) break;
            var start = end + PackFormat.RecordHeaderLength;
            if (start + size > length) break;
            blocks.Add(new ListedBlock(digest, start, size, codec));
            end = start + size;
        }
    }

    /// <summary>
    /// Writes the index: whole or not at all, because it is renamed into place. Without disk space for it the pack is scanned when its list is needed.
    /// </summary>
    public void Seal(IReadOnlyList<ListedBlock> blocks)
    {
        var bytes = PackFormat.EncodeIndex(blocks, Length);
        var temporary = IndexPath + ".new";
        try
        {
            using (var file = Interop.Open(temporary, Interop.ReadWrite | Interop.Create | Interop.Truncate)) RandomAccess.Write(file, bytes, 0);
            File.Move(temporary, IndexPath, overwrite: true);
        }
        catch (IOException failure)
        {
            File.Delete(temporary);
            if (!Interop.IsFull(failure)) throw;
            bytes = [];
        }
        IsSealed = true;
        AddDiskBytes(DiskBudget.Rounded(bytes.Length));
    }
}
