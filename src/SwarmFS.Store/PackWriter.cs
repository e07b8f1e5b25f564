using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Appends small blocks to the active pack. One lock serialises writers; readers never take it. A record is in the index once it is in the file, or, where that is enough, in the
/// <see cref="PackTail"/>, from which many are written at once. Its space on the disk is reserved before, so a full disk is known when the block is put and not when it is written.
/// </summary>
internal sealed class PackWriter(
    string directory, long packBytes, BlockIndex index, ContainerTable containers, HandleCache handles, PackTail tail, DiskBudget budget) : IDisposable
{
    /// <summary>Bytes of disk that are reserved at a time: as many as are written at once, and of a small store's packs no more than an eighth.</summary>
    private readonly long _reserveBytes = Math.Min(PackTail.Capacity, packBytes / 8);

    private readonly Lock _gate = new();
    private readonly List<ListedBlock> _listed = [];
    private Pack? _active;

    // Bytes reserved beyond the active pack's end: counted as if they were written.
    private long _ahead;
    private bool _canReserve = true;

    /// <summary>Disk bytes that a block of this length may take here.</summary>
    public static long Cost(int length) => length + PackFormat.RecordHeaderLength;

    /// <summary>Goes on with the pack that the last process left unsealed.</summary>
    public void Continue(Pack pack, IReadOnlyList<ListedBlock> blocks)
    {
        pack.KeepsHandle = true;
        _active = pack;
        _listed.AddRange(blocks);
    }

    /// <summary>Adds a block to the index that is not there. Its cost was taken from the budget.</summary>
    /// <param name="isAwaited">The caller must know that the bytes are in the file; otherwise they come there with others.</param>
    /// <exception cref="IOException">The block is not in the index. Others that waited to be written with it may have left it.</exception>
    public void Append(in Sha256Digest digest, CidCodec codec, ReadOnlySpan<byte> bytes, bool isAwaited)
    {
        lock (_gate)
        {
            var (pack, offset) = Add(digest, codec, bytes, isAwaited);
            index.TryAdd(digest, new BlockPlace(pack.Id, offset, bytes.Length, BlockPlace.FlagOf(codec) | BlockFlags.Verified));
        }
    }

    /// <summary>
    /// Writes the copy of a block that an eviction found protected, and has the index point to it. Takes the cost from the budget even above the quota.
    /// </summary>
    /// <exception cref="IOException">The block is where it was.</exception>
    public Survivor AppendSurvivor(in Sha256Digest digest, BlockPlace from, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            var (pack, offset) = Add(digest, from.Codec, bytes, isAwaited: true);
            budget.Take(Cost(bytes.Length));
            index.Move(digest, from, pack.Id, offset);
            return new Survivor(digest, from, pack, offset);
        }
    }

    /// <summary>True while blocks wait to be written.</summary>
    public bool HasUnwritten => tail.Length > 0;

    /// <summary>Writes what waits.</summary>
    /// <exception cref="IOException">It could not be written; those blocks have left the index.</exception>
    public void WriteOut()
    {
        lock (_gate) WriteOut(uncounted: 0);
    }

    private (Pack Pack, long Offset) Add(in Sha256Digest digest, CidCodec codec, ReadOnlySpan<byte> bytes, bool isAwaited)
    {
        var length = PackFormat.RecordHeaderLength + bytes.Length;
        if (!tail.HasRoomFor(length)) WriteOut(uncounted: 0);
        var pack = _active is { } active && active.Length + length <= packBytes ? active : Roll();
        Reserve(pack, length);
        tail.Append(pack, digest, codec, bytes);
        var offset = pack.Length + PackFormat.RecordHeaderLength;
        pack.Length += length;
        var reserved = Math.Min(_ahead, length);
        _ahead -= reserved;
        budget.GiveBack(reserved);
        pack.AddDiskBytes(length - reserved);
        _listed.Add(new ListedBlock(digest, offset, bytes.Length, codec));
        if (isAwaited || !_canReserve) WriteOut(uncounted: length);
        return (pack, offset);
    }

    private SafeFileHandle HandleOf(Pack pack) =>
        handles.TryOpen(pack) ?? throw new IOException($"The pack '{pack.Path}' is gone from the disk; stop the node and start it again.");

    /// <summary>Reserves what is to be written next, or as little as the record when there is no more.</summary>
    private void Reserve(Pack pack, int length)
    {
        if (!_canReserve || length <= _ahead) return;
        var ahead = Math.Max(length, Math.Min(_reserveBytes, packBytes - pack.Length));
        try
        {
            ReserveTo(pack, ahead);
        }
        catch (IOException full) when (Interop.IsFull(full) && ahead > length)
        {
            ReserveTo(pack, length);
        }
    }

    private void ReserveTo(Pack pack, long ahead)
    {
        _canReserve = Interop.TryReserve(HandleOf(pack), pack.Length, ahead, pack.Path);
        if (!_canReserve) return;
        budget.Take(ahead - _ahead);
        pack.AddDiskBytes(ahead - _ahead);
        _ahead = ahead;
    }

    /// <param name="uncounted">Bytes of the last record, if it is neither in the index nor counted yet.</param>
    private void WriteOut(int uncounted)
    {
        if (_active is not { } pack || tail.Length == 0) return;
        try
        {
            RandomAccess.Write(HandleOf(pack), tail.Bytes, pack.UnwrittenFrom);
        }
        catch (IOException)
        {
            GiveUp(pack, uncounted);
            throw;
        }
        tail.Written();
        Volatile.Write(ref pack.Dirty, 1);
    }

    /// <summary>Takes back what could not be written.</summary>
    private void GiveUp(Pack pack, int uncounted)
    {
        var (from, lost) = (pack.UnwrittenFrom, tail.Length);
        while (_listed.Count > 0 && _listed[^1] is var block && block.Offset > from)
        {
            index.Remove(block.Digest, new BlockPlace(pack.Id, block.Offset, block.Length, BlockFlags.None));
            _listed.RemoveAt(_listed.Count - 1);
        }
        tail.Drop();
        pack.Length = from;
        pack.AddDiskBytes(-lost - _ahead);
        budget.GiveBack(lost - uncounted + _ahead);
        _ahead = 0;
        try
        {
            Interop.SetLength(HandleOf(pack), from, pack.Path);
            // Who looked a lost block up may still come to read it: its place must not become another's.
            if (lost > uncounted) Seal(pack);
        }
        catch (IOException)
        {
            Leave(pack);
        }
    }

    /// <summary>The blocks that a data file lists; of the active pack those added so far.</summary>
    public IReadOnlyList<ListedBlock> ListOf(Container container)
    {
        lock (_gate)
        {
            if (ReferenceEquals(container, _active)) return [.. _listed];
        }
        return container.ReadList();
    }

    /// <summary>Seals the active pack, so that it can be evicted; the next block begins another.</summary>
    /// <exception cref="IOException">What waited could not be written.</exception>
    public void SealActive()
    {
        lock (_gate)
        {
            if (_active is { } pack && _listed.Count > 0) WriteOutAndSeal(pack);
        }
    }

    private void WriteOutAndSeal(Pack pack)
    {
        WriteOut(uncounted: 0);
        TrimReservation(pack);
        Seal(pack);
    }

    private void Seal(Pack pack)
    {
        var before = pack.DiskBytes;
        pack.Seal(_listed);
        budget.Take(pack.DiskBytes - before);
        pack.LastUsed = containers.Tick();
        Leave(pack);
    }

    private void Leave(Pack pack)
    {
        pack.KeepsHandle = false;
        _listed.Clear();
        _active = null;
    }

    /// <summary>Gives back what was reserved beyond the end.</summary>
    private void TrimReservation(Pack pack)
    {
        if (_ahead == 0) return;
        Interop.SetLength(HandleOf(pack), pack.Length, pack.Path);
        pack.AddDiskBytes(-_ahead);
        budget.GiveBack(_ahead);
        _ahead = 0;
    }

    private Pack Roll()
    {
        if (_active is { } full) WriteOutAndSeal(full);
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

    /// <summary>Gives the reservation back. What waits was written before, or is lost.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            try
            {
                if (_active is { } pack) TrimReservation(pack);
            }
            catch (IOException)
            {
                // The next start gives it back.
            }
            _active = null;
        }
    }
}

/// <summary>A block whose copy is in the pack and which still lies where it was copied from.</summary>
internal readonly record struct Survivor(Sha256Digest Digest, BlockPlace From, Pack Pack, long Offset);
