using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Mount.Host;

/// <summary>
/// Package content out of a <see cref="MemoryBlockStore"/> that can pretend to be far away: content of a remote root comes after <see cref="Latency"/>, that of a dead one not at all.
/// What came once is local. Trees are remembered until <see cref="ForgetTrees"/>.
/// </summary>
public sealed class ScriptedContent(MemoryBlockStore store) : IPackageContent
{
    private readonly ConcurrentDictionary<Cid, TreeTable> _trees = new();
    private readonly ConcurrentDictionary<Cid, FileLayout> _layouts = new();
    private readonly ConcurrentDictionary<(Cid Root, long Row), bool> _fetched = new();

    /// <summary>Roots whose files are not here.</summary>
    public ConcurrentDictionary<Cid, bool> Remote { get; } = new();

    /// <summary>Roots whose trees are not here either.</summary>
    public ConcurrentDictionary<Cid, bool> RemoteTrees { get; } = new();

    /// <summary>Roots that no source has any more.</summary>
    public ConcurrentDictionary<Cid, bool> Dead { get; } = new();

    /// <summary>What every fetch takes.</summary>
    public TimeSpan Latency { get; set; } = TimeSpan.Zero;

    /// <summary>How many files come with the one that was asked for.</summary>
    public int Batch { get; set; } = 1;

    /// <summary>When a fetch from nobody gives up.</summary>
    public TimeSpan ReadDeadline { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Rows of directories that were listed to their end, in that order.</summary>
    public ConcurrentQueue<int> Listed { get; } = new();

    public int InUse => store.InUse.Values.Sum();

    public void ForgetTrees() => _trees.Clear();

    public bool TryGetTree(in Cid root, [NotNullWhen(true)] out TreeTable? tree) => _trees.TryGetValue(root, out tree);

    public async ValueTask<TreeTable> GetTreeAsync(Cid root, CancellationToken cancellationToken)
    {
        if (_trees.TryGetValue(root, out var known)) return known;
        if (RemoteTrees.ContainsKey(root)) await FetchAsync(root, ReadDeadline, cancellationToken);
        RemoteTrees.TryRemove(root, out _);
        if (!TreeLoader.TryLoad(root, store, [], out var tree)) throw new ContentUnavailableException($"{root}: no source has its tree.");
        return _trees[root] = tree;
    }

    private async Task FetchAsync(Cid root, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (!Dead.ContainsKey(root))
        {
            await Task.Delay(Latency, TimeProvider.System, cancellationToken);
            return;
        }
        await Task.Delay(patience, TimeProvider.System, cancellationToken);
        throw new ContentUnavailableException($"{root}: asked 0 sources within {patience.TotalSeconds} s; is any peer up?");
    }

    public int TryRead(TreeTable tree, int row, long offset, Span<byte> destination)
    {
        if (Remote.ContainsKey(tree.Root) && !_fetched.ContainsKey((tree.Root, row))) return -1;
        return ReadLocal(tree, row, offset, destination);
    }

    private int ReadLocal(TreeTable tree, int row, long offset, Span<byte> destination)
    {
        ref readonly var entry = ref tree[row];
        if (offset >= entry.Size) return 0;
        var length = (int)Math.Min(destination.Length, entry.Size - offset);
        if (entry.Content.Codec == CidCodec.Raw) return store.Read(entry.Content, (int)offset, destination[..length]);
        var layout = Layout(entry.Content, entry.Size);
        for (var done = 0; done < length;)
        {
            var chunk = layout.ChunkAt(offset + done);
            var read = store.Read(layout.ChunkCid(chunk), (int)(offset + done - layout.ChunkStart(chunk)), destination[done..length]);
            if (read <= 0) return -1;
            done += read;
        }
        return length;
    }

    public void NoteListed(TreeTable tree, int directory) => Listed.Enqueue(directory);

    private FileLayout Layout(Cid file, long size) => _layouts.GetOrAdd(file, cid =>
        FileLayoutLoader.TryLoad(cid, size, store, [], out var layout) ? layout : throw new ContentUnavailableException($"{cid}: no chunk list."));

    public async ValueTask<int> ReadAsync(TreeTable tree, int row, long offset, Memory<byte> destination, TimeSpan patience, CancellationToken cancellationToken)
    {
        await FetchAsync(tree.Root, patience, cancellationToken);
        for (var other = row; Latency == TimeSpan.Zero && other < Math.Min(row + Batch, tree.Count); other++) _fetched[(tree.Root, other)] = true;
        return ReadLocal(tree, row, offset, destination.Span);
    }

    public bool TryOpenFlat(TreeTable tree, int row, [NotNullWhen(true)] out SafeFileHandle? handle)
    {
        handle = null;
        if (Remote.ContainsKey(tree.Root)) return false;
        var bytes = new byte[tree[row].Size];
        if (ReadLocal(tree, row, 0, bytes) != bytes.Length) return false;
        var path = Path.GetTempFileName();
        File.WriteAllBytes(path, bytes);
        handle = File.OpenHandle(path);
        File.Delete(path);
        return true;
    }

    public bool IsComplete(in Cid root) => !Remote.ContainsKey(root);

    public IDisposable Use(in Cid root) => store.Use(root);
}
