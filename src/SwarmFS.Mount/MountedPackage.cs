using System.Collections.Immutable;
using SwarmFS.Core;
using SwarmFS.Images;

namespace SwarmFS.Mount;

/// <summary>A package whose directory structure is in memory because somebody looks at it.</summary>
internal sealed class MountedPackage(uint slot, TreeTable tree, IPackageContent content) : IDisposable
{
    /// <summary>Places remembered in which the root is shown at a time: now, and on some days of the past.</summary>
    private const int Places = 16;

    private readonly int[] _pushed = new int[(tree.Count + 31) / 32];
    private readonly Lock _using = new();
    private IDisposable? _use;
    private bool _disposed;
    private long _touched;
    private ImmutableArray<Place> _places = [];
    private ErofsImage? _image;
    private readonly Lazy<bool> _isForSome = new(() => FileModes.AreForSome(tree));

    private sealed record Place(uint View, NodeNumber Root, NodeNumber Directory);

    public uint Slot { get; } = slot;

    public TreeTable Tree { get; } = tree;

    /// <summary>The tree as one file. A function of the tree: when two make it at once, either will do.</summary>
    /// <exception cref="ImageTooLargeException">It would be too large.</exception>
    public ErofsImage Image(bool applySpecialBits) => _image ??= new ErofsImage(Tree, applySpecialBits);

    /// <summary>Modes in it keep something from those who are neither owner nor group.</summary>
    public bool IsForSome => _isForSome.Value;

    /// <summary>One for each package, so that one whose sources are dead does not make the others wait.</summary>
    public RemoteReadGate RemoteReads { get; } = new(content.ReadDeadline);

    /// <summary>Timestamp of the last request.</summary>
    public long Touched => Volatile.Read(ref _touched);

    /// <summary>Says that a request came, and keeps the package from eviction again if it had been given up as idle.</summary>
    public void Touch(long timestamp)
    {
        Volatile.Write(ref _touched, timestamp);
        if (_use is null) Hold();
    }

    private void Hold()
    {
        lock (_using)
        {
            if (!_disposed) _use ??= content.Use(Tree.Root);
        }
    }

    /// <summary>Notes the number under which the root is shown in this view, and the directory that it lies in.</summary>
    public void ShownIn(uint view, NodeNumber root, NodeNumber directory)
    {
        var places = _places;
        if (Find(places, view) is { } known && known.Root == root && known.Directory == directory) return;
        var kept = places.Where(place => place.View != view).Take(Places - 1);
        ImmutableInterlocked.InterlockedExchange(ref _places, [new Place(view, root, directory), .. kept]);
    }

    /// <summary>What ".." of the root is: known for the places where it was looked up lately.</summary>
    public NodeNumber ParentOfRoot(uint view) =>
        view == NodeNumber.CidView ? NodeNumber.Cids : Find(_places, view)?.Directory ?? NodeNumber.Packages;

    /// <summary>What ".." of a directory right below the root is.</summary>
    public NodeNumber RootIn(uint view) => Find(_places, view)?.Root ?? NodeNumber.Directory(Slot, view, 0);

    private static Place? Find(ImmutableArray<Place> places, uint view)
    {
        foreach (var place in places)
        {
            if (place.View == view) return place;
        }
        return null;
    }

    /// <summary>Nobody has asked for a while: the store may evict its blocks again.</summary>
    public void LetGo()
    {
        lock (_using)
        {
            _use?.Dispose();
            _use = null;
        }
    }

    /// <summary>True once <see cref="MarkPushed"/> was called for the row: a directory whose files were given to the kernel, or a file that it has or has asked for.</summary>
    public bool IsPushed(int row) => (Volatile.Read(ref _pushed[row >> 5]) & (1 << (row & 31))) != 0;

    /// <returns>True for the first caller per row.</returns>
    public bool MarkPushed(int row)
    {
        var bit = 1 << (row & 31);
        return (Interlocked.Or(ref _pushed[row >> 5], bit) & bit) == 0;
    }

    public void Dispose()
    {
        lock (_using) _disposed = true;
        LetGo();
    }
}
