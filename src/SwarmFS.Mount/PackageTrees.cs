using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using SwarmFS.Core;

namespace SwarmFS.Mount;

/// <summary>
/// The packages that are being looked at, bounded by the memory of their trees: least recently asked for goes first. What goes is only a cache entry; its inode numbers stay good, and
/// the next request brings it back.
/// </summary>
internal sealed class PackageTrees : IDisposable
{
    private readonly MountOptions _options;
    private readonly IPackageContent _content;
    private readonly INodeSlots _slots;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<uint, MountedPackage> _packages = new();
    private readonly Lock _adding = new();
    private readonly ITimer _idle;
    private long _bytes;

    public PackageTrees(MountOptions options, IPackageContent content, INodeSlots slots, TimeProvider time)
    {
        _options = options;
        _content = content;
        _slots = slots;
        _time = time;
        _idle = time.CreateTimer(static self => ((PackageTrees)self!).LetIdleGo(), this, options.UseGrace, options.UseGrace);
    }

    /// <summary>Memory of the trees held, in bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public int Count => _packages.Count;

    /// <summary>The package of an inode number, when its tree is in memory here or at the content's.</summary>
    public bool TryGet(uint slot, [NotNullWhen(true)] out MountedPackage? package)
    {
        if (_packages.TryGetValue(slot, out package))
        {
            package.Touch(_time.GetTimestamp());
            return true;
        }
        return _slots.TryGetRoot(slot, out var root) && _content.TryGetTree(root, out var tree) && Add(slot, tree, out package);
    }

    /// <summary>The package with this root, when its tree is in memory.</summary>
    public bool TryGet(in Cid root, [NotNullWhen(true)] out MountedPackage? package)
    {
        package = null;
        if (_slots.TryGetSlot(root, out var slot)) return TryGet(slot, out package);
        return _content.TryGetTree(root, out var tree) && Add(_slots.GetOrAdd(root), tree, out package);
    }

    /// <summary>As <see cref="TryGet(in Cid, out MountedPackage?)"/>, but neither loads nor counts as use: listing a name is no use of its versions.</summary>
    public bool TryPeek(uint slot, [NotNullWhen(true)] out MountedPackage? package) => _packages.TryGetValue(slot, out package);

    /// <summary>Takes in a tree that was just fetched; it survives at least until the next one comes.</summary>
    public MountedPackage Add(TreeTable tree)
    {
        Add(_slots.GetOrAdd(tree.Root), tree, out var package);
        return package;
    }

    private bool Add(uint slot, TreeTable tree, out MountedPackage package)
    {
        lock (_adding)
        {
            if (!_packages.TryGetValue(slot, out package!))
            {
                package = new MountedPackage(slot, tree, _content);
                package.Touch(_time.GetTimestamp());
                if (Interlocked.Add(ref _bytes, tree.MemoryBytes) > _options.TreeMemory) MakeRoom();
                _packages[slot] = package;
            }
        }
        package.Touch(_time.GetTimestamp());
        return true;
    }

    /// <summary>Goes down to seven eighths at once, so that sorting is paid for once in many additions.</summary>
    private void MakeRoom()
    {
        var target = _options.TreeMemory / 8 * 7;
        foreach (var old in _packages.Values.OrderBy(p => p.Touched))
        {
            if (Bytes <= target) return;
            if (!_packages.TryRemove(old.Slot, out _)) continue;
            Interlocked.Add(ref _bytes, -old.Tree.MemoryBytes);
            old.Dispose();
        }
    }

    private void LetIdleGo()
    {
        var now = _time.GetTimestamp();
        foreach (var (_, package) in _packages)
        {
            if (_time.GetElapsedTime(package.Touched, now) >= _options.UseGrace) package.LetGo();
        }
    }

    public void Dispose()
    {
        _idle.Dispose();
        foreach (var (_, package) in _packages) package.Dispose();
        _packages.Clear();
    }
}
