using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Testing;

/// <summary>A block store in memory that keeps the promises of <see cref="IBlockStore"/> that need no disk. It can be full, and it can lose blocks.</summary>
public sealed class MemoryBlockStore : IBlockStore
{
    private readonly ConcurrentDictionary<Cid, byte[]> _blocks = new();
    private readonly ConcurrentDictionary<Cid, FileLayout> _layouts = new();
    private readonly ConcurrentDictionary<Cid, string> _pins = new();
    private long _bytes;
    private long _losses;
    private int _held;
    private int _gets;

    /// <summary>Bytes beyond which <see cref="Put"/> answers <see cref="PutResult.NoSpace"/>.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    public long Bytes => Interlocked.Read(ref _bytes);

    public int Count => _blocks.Count;

    /// <summary>How often <see cref="TryGet"/> was asked.</summary>
    public int Gets => Volatile.Read(ref _gets);

    public ICollection<Cid> Cids => _blocks.Keys;

    public IReadOnlyCollection<FileLayout> DeclaredFiles => [.. _layouts.Values];

    /// <summary>Roots in use and the handles on them.</summary>
    public ConcurrentDictionary<Cid, int> InUse { get; } = new();

    /// <summary>Living handles of <see cref="HoldNew"/>.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Forgets a block as an eviction would.</summary>
    public bool Remove(Cid cid)
    {
        if (!_blocks.TryRemove(cid, out var bytes)) return false;
        Interlocked.Add(ref _bytes, -bytes.Length);
        Interlocked.Increment(ref _losses);
        return true;
    }

    /// <summary>Changes the first byte, as a failing disk might after the block was verified: <see cref="Read"/> gives it, <see cref="TryGet"/> finds out and drops the block.</summary>
    public void Damage(Cid cid) => _blocks[cid] = [(byte)~_blocks[cid][0], .. _blocks[cid][1..]];

    /// <summary>Named as here, and cannot be read: as a block on a disk for which no descriptor is left.</summary>
    public Cid? Unreadable { get; set; }

    public bool Contains(in Cid cid) => cid == Unreadable || _blocks.ContainsKey(cid);

    public bool TryGetLength(in Cid cid, out int length)
    {
        var found = _blocks.TryGetValue(cid, out var bytes);
        length = bytes?.Length ?? 0;
        return found;
    }

    public int Read(in Cid cid, int offset, Span<byte> destination)
    {
        if (!_blocks.TryGetValue(cid, out var bytes)) return -1;
        if (offset >= bytes.Length) return 0;
        var length = Math.Min(destination.Length, bytes.Length - offset);
        bytes.AsSpan(offset, length).CopyTo(destination);
        return length;
    }

    public bool TryGet(in Cid cid, [NotNullWhen(true)] out Block? block)
    {
        Interlocked.Increment(ref _gets);
        block = _blocks.TryGetValue(cid, out var bytes) ? Block.TryVerify(cid, bytes) : null;
        if (block is null) Remove(cid);
        return block is not null;
    }

    public void Doubt(in Cid cid)
    {
        if (TryGet(cid, out var block)) block.Dispose();
    }

    public PutResult Put(Block block)
    {
        if (_blocks.ContainsKey(block.Cid)) return PutResult.AlreadyPresent;
        if (Bytes + block.Length > Capacity) return PutResult.NoSpace;
        if (!_blocks.TryAdd(block.Cid, block.Span.ToArray())) return PutResult.AlreadyPresent;
        Interlocked.Add(ref _bytes, block.Length);
        return PutResult.Stored;
    }

    public void DeclareFile(FileLayout layout) => _layouts.TryAdd(layout.File, layout);

    /// <summary>A deleted temporary file with the content, when all chunks are here.</summary>
    public bool TryOpenFlat(in Cid file, [NotNullWhen(true)] out SafeFileHandle? handle)
    {
        handle = null;
        if (!_layouts.TryGetValue(file, out var layout)) return false;
        for (var chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            if (!_blocks.ContainsKey(layout.ChunkCid(chunk))) return false;
        }
        var path = Path.GetTempFileName();
        handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        for (var chunk = 0; chunk < layout.ChunkCount; chunk++) RandomAccess.Write(handle, _blocks[layout.ChunkCid(chunk)], layout.ChunkStart(chunk));
        return true;
    }

    public ILargeFileWriter BeginLargeFile(long size) => new LargeFileWriter(this);

    public IDisposable HoldNew()
    {
        Interlocked.Increment(ref _held);
        return new Handle(() => Interlocked.Decrement(ref _held));
    }

    public IDisposable Use(in Cid root)
    {
        var used = root;
        InUse.AddOrUpdate(used, 1, (_, count) => count + 1);
        return new Handle(() => InUse.AddOrUpdate(used, 0, (_, count) => count - 1));
    }

    public void Pin(in Cid root, string reason) => _pins[root] = reason;

    public bool Unpin(in Cid root) => _pins.TryRemove(root, out _);

    public IReadOnlyList<PinnedRoot> Pins => [.. _pins.Select(pin => new PinnedRoot(pin.Key, pin.Value))];

    public long Losses => Interlocked.Read(ref _losses);

    public void Flush()
    {
    }

    private sealed class LargeFileWriter(MemoryBlockStore store) : ILargeFileWriter
    {
        private readonly List<Cid> _new = [];
        private bool _committed;

        public void Append(Block chunk)
        {
            var result = store.Put(chunk);
            if (result == PutResult.NoSpace) throw new StoreFullException($"The store in memory has no space for {chunk.Length} bytes: raise its capacity.");
            if (result == PutResult.Stored) _new.Add(chunk.Cid);
        }

        public void Commit(FileLayout layout)
        {
            store.DeclareFile(layout);
            _committed = true;
        }

        public void Dispose()
        {
            if (_committed) return;
            foreach (var cid in _new) store.Remove(cid);
            _new.Clear();
        }
    }

    private sealed class Handle(Action release) : IDisposable
    {
        private Action? _release = release;

        public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
    }
}
