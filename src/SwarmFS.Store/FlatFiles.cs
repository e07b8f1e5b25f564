using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>Knows which chunks belong into which flat file and writes them there.</summary>
internal sealed class FlatFiles(string directory, BlockIndex index, ContainerTable containers, HandleCache handles, WriteBehind behind, DiskBudget budget)
{
    /// <summary>
    /// Chunks of all declared files: 2^18, of 40 bytes in the layout and about 100 more while they are expected, are 36 MiB of memory. Room for one file of any length.
    /// Beyond it the oldest declaration is forgotten.
    /// </summary>
    private const int MaxDeclaredChunks = ChunkList.MaxChunks;

    private readonly Lock _gate = new();
    private readonly Dictionary<Sha256Digest, Spot> _expected = [];
    private readonly Dictionary<Cid, FlatFile> _byFile = [];
    private readonly LinkedList<FlatFile> _declared = new();
    private int _declaredChunks;

    internal readonly record struct Spot(FlatFile File, int Chunk);

    /// <summary>Notes where the absent chunks of the file go; without any, nothing is noted. Nothing is written before the first of them comes.</summary>
    public void Declare(FileLayout layout)
    {
        if (layout.ChunkCount > ChunkList.MaxChunks || !HasBlockSizedChunks(layout)) return;
        lock (_gate)
        {
            if (_byFile.TryGetValue(layout.File, out var file) && (file.Layout is not null || file.IsComplete)) return;
            for (var chunk = 0; chunk < layout.ChunkCount; chunk++)
            {
                var digest = layout.ChunkCid(chunk).Digest;
                if (index.TryFind(digest, out _) || _expected.ContainsKey(digest)) continue;
                if (file is null) _byFile.Add(layout.File, file = new FlatFile(containers.NextId(), directory, layout.File, layout.Size, layout.ChunkCount));
                Expect(digest, new Spot(file, chunk), layout);
            }
        }
    }

    /// <summary>A chunk that nobody expects yet goes to this spot. The caller has the lock.</summary>
    private void Expect(in Sha256Digest digest, Spot spot, FileLayout layout)
    {
        _expected.Add(digest, spot);
        if (spot.File.ExpectedChunks++ > 0) return;
        spot.File.Layout = layout;
        spot.File.Declaration = _declared.AddLast(spot.File);
        _declaredChunks += layout.ChunkCount;
        while (_declaredChunks > MaxDeclaredChunks) Undeclare(_declared.First!.Value);
    }

    /// <summary>Chunks of the file are expected no longer. The caller has the lock.</summary>
    private void Undeclare(FlatFile file)
    {
        if (file.Layout is not { } layout) return;
        if (!file.IsOnDisk && _byFile.TryGetValue(file.File, out var known) && ReferenceEquals(known, file)) _byFile.Remove(file.File);
        _declared.Remove(file.Declaration!);
        _declaredChunks -= layout.ChunkCount;
        (file.Layout, file.Declaration, file.ExpectedChunks) = (null, null, 0);
        for (var chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            var digest = layout.ChunkCid(chunk).Digest;
            if (_expected.TryGetValue(digest, out var spot) && ReferenceEquals(spot.File, file)) _expected.Remove(digest);
        }
    }

    private static bool HasBlockSizedChunks(FileLayout layout)
    {
        for (var chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            var end = chunk + 1 < layout.ChunkCount ? layout.ChunkStart(chunk + 1) : layout.Size;
            if (end - layout.ChunkStart(chunk) is < 1 or > Block.MaxLength) return false;
        }
        return true;
    }

    /// <summary>
    /// Where a chunk that is about to be written belongs. The file is on disk and may be written until <see cref="Container.EndWrite"/>.
    /// A layout that lies about the length of the chunk has no place for it: it would be written over its neighbours.
    /// </summary>
    public bool TryBeginWrite(in Sha256Digest digest, int length, out Spot spot, [NotNullWhen(true)] out FileLayout? layout)
    {
        lock (_gate)
        {
            layout = null;
            if (!_expected.TryGetValue(digest, out spot) || (layout = spot.File.Layout) is null) return false;
            if (layout.ChunkLength(spot.Chunk) != length || !spot.File.TryBeginWrite()) return false;
            var isReady = false;
            try
            {
                return isReady = spot.File.IsOnDisk || TryCreate(spot.File, layout);
            }
            finally
            {
                if (!isReady) spot.File.EndWrite();
            }
        }
    }

    private bool TryCreate(FlatFile file, FileLayout layout)
    {
        try
        {
            file.Create(layout);
        }
        catch (IOException failure) when (!Interop.IsFull(failure))
        {
            // A size that this file system cannot have: its chunks are kept as loose blocks.
            Undeclare(file);
            return false;
        }
        budget.Take(file.DiskBytes);
        containers.Add(file);
        return true;
    }

    /// <summary>
    /// Writes a chunk into its place and adds it to the index. Crash order: bytes, then presence; a presence without bytes is found out at the first read.
    /// </summary>
    public void Write(Spot spot, in Sha256Digest digest, ReadOnlySpan<byte> bytes, FileLayout layout)
    {
        var offset = layout.ChunkStart(spot.Chunk);
        Write(spot.File, offset, bytes);
        behind.Written(spot.File, offset, bytes.Length);
        spot.File.AddDiskBytes(DiskBudget.Rounded(bytes.Length));
        spot.File.NotePresence(spot.Chunk, isPresent: true);
        index.TryAdd(digest, new BlockPlace(spot.File.Id, offset, bytes.Length, BlockFlags.Verified));
        lock (_gate)
        {
            if (_expected.Remove(digest, out var awaited) && --awaited.File.ExpectedChunks == 0) Undeclare(awaited.File);
        }
    }

    private void Write(FlatFile file, long offset, ReadOnlySpan<byte> bytes)
    {
        for (var attempt = 0; ; attempt++)
        {
            var handle = handles.TryOpen(file) ?? throw new IOException($"The flat file '{file.Path}' is gone from the disk; stop the node and start it again.");
            try
            {
                RandomAccess.Write(handle, bytes, offset);
                break;
            }
            catch (ObjectDisposedException) when (attempt < 16) { }
        }
        file.LastUsed = containers.Now;
    }

    /// <summary>Writes a raw block into a data file of its own and adds it to the index. Renamed when it is whole, so that a kill leaves no half of it.</summary>
    public void WriteLone(in Sha256Digest digest, ReadOnlySpan<byte> bytes)
    {
        var file = new LoneBlock(containers.NextId(), directory, digest, bytes.Length);
        var partialPath = Path.Combine(directory, $"{file.Id}{PartialFile.Extension}");
        var handle = Interop.Open(partialPath, Interop.ReadWrite | Interop.Create | Interop.Exclusive);
        try
        {
            RandomAccess.Write(handle, bytes, 0);
            File.Move(partialPath, file.Path);
        }
        catch (IOException)
        {
            handle.Dispose();
            File.Delete(partialPath);
            throw;
        }
        file.AddDiskBytes(DiskBudget.Rounded(bytes.Length));
        Volatile.Write(ref file.Dirty, 1);
        // From the table it can be evicted, before the index names what is in it.
        file.TryBeginWrite();
        containers.Add(file);
        handles.Adopt(file, handle);
        index.TryAdd(digest, new BlockPlace(file.Id, 0, bytes.Length, BlockFlags.Verified));
        file.EndWrite();
    }

    public bool TryFind(in Cid file, [NotNullWhen(true)] out FlatFile? found)
    {
        lock (_gate) return _byFile.TryGetValue(file, out found);
    }

    /// <summary>A flat file that was found at start or was written in order. One that is complete takes the place of one that is not.</summary>
    public void Add(FlatFile file)
    {
        lock (_gate)
        {
            if (_byFile.TryGetValue(file.File, out var known) && (known.IsComplete || !file.IsComplete)) return;
            if (known is not null) Undeclare(known);
            _byFile[file.File] = file;
        }
    }

    /// <summary>The file was evicted. Who declared it goes by that: what comes of it again goes into a new file.</summary>
    public void Evicted(FlatFile file, FileLayout? layout)
    {
        lock (_gate)
        {
            if (_byFile.TryGetValue(file.File, out var known) && ReferenceEquals(known, file)) _byFile.Remove(file.File);
            Undeclare(file);
        }
        if (layout is not null) Declare(layout);
    }

    /// <summary>A chunk was found damaged: it is noted as absent, and expected again.</summary>
    public void Dropped(FlatFile file, in Sha256Digest digest)
    {
        if (file.TryReadList() is not { } list) return;
        lock (_gate)
        {
            for (var chunk = 0; chunk < file.ChunkCount; chunk++)
            {
                if (list.Presence[chunk] != 1 || list.Layout.ChunkCid(chunk).Digest != digest) continue;
                file.NotePresence(chunk, isPresent: false);
                file.IsVerified = false;
                if (!_expected.ContainsKey(digest)) Expect(digest, new Spot(file, chunk), list.Layout);
                return;
            }
        }
    }

    /// <summary>The one block of the file was found damaged: the file goes, so that it is not found again at the next start.</summary>
    public void Dropped(LoneBlock file)
    {
        if (!file.TryRetire()) return;
        containers.Remove(file);
        File.Delete(file.Path);
        HandleCache.Close(file);
        budget.GiveBack(file.DiskBytes);
    }

    /// <summary>A handle of its own on a complete file.</summary>
    public static SafeFileHandle? TryOpenForReading(Container file)
    {
        try
        {
            return Interop.Open(file.Path, Interop.ReadOnly);
        }
        catch (IOException gone) when (gone.HResult == Interop.NoSuchFile)
        {
            return null;
        }
    }
}
