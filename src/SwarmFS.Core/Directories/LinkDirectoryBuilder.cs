using System.Buffers;

namespace SwarmFS.Core;

/// <summary>What a finished directory is.</summary>
/// <param name="Root">Its top node: a leaf or an index.</param>
/// <param name="Entries">At most <see cref="Limits.EntriesPerTree"/>.</param>
public readonly record struct BuiltDirectory(Cid Root, int Entries);

/// <summary>
/// Makes a directory of links from entries ascending by name, as a stream: nodes are put as they end, and memory is one node a level. A block that is in the store already is not
/// written again. The links have fixed attributes (0777, root, mtime 0), so the root is a function of names and targets alone. Not thread-safe; used for one directory.
/// The caller keeps what is put from eviction (<see cref="IBlockStore.HoldNew"/>) until the root is pinned.
/// </summary>
public sealed class LinkDirectoryBuilder(IBlockStore store)
{
    private readonly DirectoryShards _shards = new(store);

    /// <summary>Names and targets, one behind the other, until there are too many for one leaf: 1,024 entries and 132 KiB at most.</summary>
    private readonly ArrayBufferWriter<byte> _waiting = new();
    private readonly List<(int Name, int Target)> _lengths = [];
    private readonly byte[] _previous = new byte[Limits.NameLength];
    private int _previousLength;
    private long _weight;
    private int _entries;
    private State _state;

    /// <summary>
    /// <code>
    /// Waiting -> [too much for one leaf] -> Split -> [Finish] -> Finished
    ///         -> [Finish] -> Finished
    /// </code>
    /// </summary>
    private enum State
    {
        Waiting,
        Split,
        Finished,
    }

    /// <param name="name">1–255 bytes, above all names before it.</param>
    /// <param name="target">1–4,095 bytes without NUL.</param>
    /// <exception cref="InvalidTreeException">Name or target is none, out of order, or one too many.</exception>
    /// <exception cref="StoreFullException">The store has no space for a node.</exception>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        if (_state == State.Finished) throw new InvalidOperationException("The directory is finished already.");
        LinkEntry.Check(name, target);
        if (_entries > 0 && _previous.AsSpan(0, _previousLength).SequenceCompareTo(name) >= 0)
            throw new InvalidTreeException($"The link '{TreePath.Show(name)}' does not stand behind '{TreePath.Show(_previous.AsSpan(0, _previousLength))}': names ascend by their bytes.");
        if (_entries == Limits.EntriesPerTree) throw new InvalidTreeException($"The directory has more than {Limits.EntriesPerTree} entries.");
        name.CopyTo(_previous);
        _previousLength = name.Length;
        _entries++;
        var entry = LinkEntry.Of(name, target);
        _weight += entry.Weight;
        if (_state == State.Waiting && !ShardCutter.FitsOneLeaf(_entries, _weight)) BeginShards(isSplit: true);
        if (_state == State.Split) _shards.Add(entry);
        else Wait(name, target);
    }

    /// <exception cref="StoreFullException">The store has no space for a node.</exception>
    public BuiltDirectory Finish()
    {
        if (_state == State.Finished) throw new InvalidOperationException("The directory is finished already.");
        if (_state == State.Waiting) BeginShards(isSplit: false);
        _state = State.Finished;
        return new BuiltDirectory(_shards.Finish().Node, _entries);
    }

    private void Wait(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        _waiting.Write(name);
        _waiting.Write(target);
        _lengths.Add((name.Length, target.Length));
    }

    private void BeginShards(bool isSplit)
    {
        _state = State.Split;
        _shards.Begin(isSplit);
        var rest = _waiting.WrittenSpan;
        foreach (var (name, target) in _lengths)
        {
            _shards.Add(LinkEntry.Of(rest[..name], rest.Slice(name, target)));
            rest = rest[(name + target)..];
        }
        _waiting.ResetWrittenCount();
        _lengths.Clear();
    }
}

/// <summary>A link as a directory of links has it: a symlink of which nothing but name and target is its own.</summary>
internal static class LinkEntry
{
    public static DirectoryEntry Of(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target) => new()
    {
        Name = name,
        Kind = EntryKind.Symlink,
        Permissions = DirectoryEntry.DefaultPermissions(EntryKind.Symlink),
        Xattrs = [],
        Target = target,
    };

    /// <exception cref="InvalidTreeException">Not what a link may be.</exception>
    public static void Check(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        if (!EntryName.IsValid(name))
            throw new InvalidTreeException($"'{TreePath.Show(name)}' is no name for a link: 1–{Limits.NameLength} bytes without '/' and NUL, not '.' or '..', are allowed.");
        if (target.Length is 0 or > Limits.SymlinkTargetLength || target.Contains((byte)0))
            throw new InvalidTreeException($"The link '{TreePath.Show(name)}' has a target of {target.Length} bytes or with a NUL; 1–{Limits.SymlinkTargetLength} without NUL are allowed.");
    }

    public static bool Is(in DirectoryEntry entry) =>
        entry is { Kind: EntryKind.Symlink, SpecialBits: 0, Uid: 0, Gid: 0, MtimeSeconds: 0, MtimeNanoseconds: 0, LinkGroup: 0, Xattrs.Length: 0 }
        && entry.Permissions == DirectoryEntry.DefaultPermissions(EntryKind.Symlink);
}
