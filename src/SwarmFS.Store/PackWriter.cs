using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Appends small blocks to the active pack. One lock serialises writers; readers never take it: a record is in the index only after it was written.
/// </summary>
internal sealed class PackWriter(string directory, long packBytes, BlockIndex index, ContainerTable containers, HandleCache handles, DiskBudget budget) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<ListedBlock> _written = [];
    private readonly HashSet<Pack> _withSurvivors = [];
    private byte[] _record = new byte[64 << 10];
    private Pack? _active;

    /// <summary>Disk bytes that a block of this length may take here.</summary>
    public static long Cost(int length) => length + PackFormat.RecordHeaderLength;

    /// <summary>Goes on with the pack that the last process left unsealed.</summary>
    public void Continue(Pack pack, IReadOnlyList<ListedBlock> blocks)
    {
        pack.KeepsHandle = true;
        _active = pack;
        _written.AddRange(blocks);
    }

    /// <summary>Writes a block that the index does not have and adds it there. Its cost was taken from the budget.</summary>
    /// <exception cref="IOException">The pack is as it was before.</exception>
    public void Append(in Sha256Digest digest, CidCodec codec, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            var (pack, offset) = Write(digest, codec, bytes);
            index.TryAdd(digest, new BlockPlace(pack.Id, offset, bytes.Length, BlockPlace.FlagOf(codec) | BlockFlags.Verified));
        }
    }

    /// <summary>
    /// Writes the copy of a block that an eviction found protected, and has the index point to it. Takes the cost from the budget even above the quota.
    /// </summary>
    /// <exception cref="IOException">The block is where it was.</exception>
    public void AppendSurvivor(in Sha256Digest digest, BlockPlace from, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            var (pack, offset) = Write(digest, from.Codec, bytes);
            budget.Take(Cost(bytes.Length));
            index.Move(digest, from, pack.Id, offset);
            _withSurvivors.Add(pack);
        }
    }

    /// <summary>Makes the copies durable, so that what they were copied from may go.</summary>
    public void SyncSurvivors()
    {
        List<Pack> packs;
        lock (_gate)
        {
            packs = [.. _withSurvivors];
            _withSurvivors.Clear();
        }
        foreach (var pack in packs)
        {
            using var handle = Interop.Open(pack.Path, Interop.ReadOnly);
            Interop.SyncData(handle, pack.Path);
        }
        if (packs.Count > 0) Interop.SyncDirectory(directory);
    }

    private (Pack Pack, long Offset) Write(in Sha256Digest digest, CidCodec codec, ReadOnlySpan<byte> bytes)
    {
        var pack = _active is { } active && active.Length + Cost(bytes.Length) <= packBytes ? active : Roll();
        var length = PackFormat.RecordHeaderLength + bytes.Length;
        if (_record.Length < length) _record = new byte[PackFormat.RecordHeaderLength + Block.MaxLength];
        PackFormat.WriteRecordHeader(_record, digest, codec, bytes.Length);
        bytes.CopyTo(_record.AsSpan(PackFormat.RecordHeaderLength));
        var handle = handles.TryOpen(pack) ?? throw new IOException($"The pack '{pack.Path}' is gone from the disk; stop the node and start it again.");
        try
        {
            RandomAccess.Write(handle, _record.AsSpan(0, length), pack.Length);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(handle, pack.Length);
            throw;
        }
        var offset = pack.Length + PackFormat.RecordHeaderLength;
        pack.Length += length;
        pack.AddDiskBytes(length);
        Volatile.Write(ref pack.Dirty, 1);
        _written.Add(new ListedBlock(digest, offset, bytes.Length, codec));
        return (pack, offset);
    }

    /// <summary>The blocks that a data file lists; of the active pack those written so far.</summary>
    public IReadOnlyList<ListedBlock> ListOf(Container container)
    {
        lock (_gate)
        {
            if (ReferenceEquals(container, _active)) return [.. _written];
        }
        return container.ReadList();
    }

    /// <summary>Seals the active pack, so that it can be evicted; the next block begins another.</summary>
    public void SealActive()
    {
        lock (_gate)
        {
            if (_active is { } pack && _written.Count > 0) Seal(pack);
        }
    }

    private void Seal(Pack pack)
    {
        var before = pack.DiskBytes;
        pack.Seal(_written);
        budget.Take(pack.DiskBytes - before);
        pack.LastUsed = containers.Tick();
        pack.KeepsHandle = false;
        _written.Clear();
        _active = null;
    }

    private Pack Roll()
    {
        if (_active is { } full) Seal(full);
        var id = containers.NextId();
        var pack = new Pack(id, Path.Combine(directory, $"{id}{Pack.Extension}")) { KeepsHandle = true, Length = PackFormat.FileHeaderLength };
        var handle = Interop.Open(pack.Path, Interop.ReadWrite | Interop.Create | Interop.Exclusive);
        try
        {
            RandomAccess.Write(handle, PackFormat.FileHeader, 0);
        }
        catch (IOException)
        {
            handle.Dispose();
            File.Delete(pack.Path);
            throw;
        }
        handles.Adopt(pack, handle);
        pack.AddDiskBytes(PackFormat.FileHeaderLength);
        budget.Take(PackFormat.FileHeaderLength);
        _active = pack;
        containers.Add(pack);
        return pack;
    }

    public void Dispose()
    {
        lock (_gate) _active = null;
    }
}
