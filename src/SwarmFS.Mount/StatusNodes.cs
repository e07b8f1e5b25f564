using System.Text;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// <c>.status/</c>. A file is rendered when it is looked up, and every other content is another inode: so size and content agree, what the kernel has cached is right, and a reader
/// sees one state from beginning to end without an open that we would have to remember.
/// </summary>
internal sealed class StatusNodes(IStatusFiles status, TimeProvider time)
{
    /// <summary>Contents remembered for readers that are not through yet: some minutes of a status page polled once a second.</summary>
    private const int Kept = 256;

    /// <summary>How old an answer may be: stat and read of one command see the same inode, and a busy poller costs ten renderings a second.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly byte[][] _names = [.. status.Files.Select(file => Encoding.UTF8.GetBytes(file.Name))];
    private readonly Snapshot?[] _newest = new Snapshot?[status.Files.Count];
    private readonly Dictionary<NodeNumber, Snapshot> _snapshots = [];
    private readonly Queue<NodeNumber> _order = new();
    private readonly DateTimeOffset _mounted = time.GetUtcNow();

    private sealed record Snapshot(NodeNumber Node, byte[] Content, DateTimeOffset Rendered, long Timestamp);

    public FuseEntry Directory() => VirtualEntries.Directory(NodeNumber.StatusDirectory, 2, _mounted, TimeSpan.MaxValue);

    public void Lookup(ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        for (var i = 0; i < _names.Length; i++)
        {
            if (!name.SequenceEqual(_names[i])) continue;
            entry = Entry(Newest(i));
            return;
        }
        entry = VirtualEntries.Absent(TimeSpan.MaxValue);
    }

    public bool TryGet(NodeNumber node, ref FuseAttributes attributes)
    {
        if (!TryFind(node, out var snapshot)) return false;
        attributes = Entry(snapshot).Attributes;
        return true;
    }

    public FuseResult Read(NodeNumber node, long offset, Span<byte> destination)
    {
        if (!TryFind(node, out var snapshot)) return FuseResult.Error(Errno.ESTALE);
        if (offset >= snapshot.Content.Length) return FuseResult.Bytes(0);
        var rest = snapshot.Content.AsSpan((int)offset);
        if (rest.Length > destination.Length) rest = rest[..destination.Length];
        rest.CopyTo(destination);
        return FuseResult.Bytes(rest.Length);
    }

    public void List<T>(ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (!ListingOffsets.TryAddDots(ref listing, ref offset, NodeNumber.StatusDirectory, NodeNumber.Top)) return;
        for (var i = offset - ListingOffsets.FirstEntry; i < (ulong)_names.Length; i++)
        {
            if (!listing.TryAdd(_names[i], Entry(Newest((int)i)), i + 1 + ListingOffsets.FirstEntry)) return;
        }
    }

    /// <summary>The name is asked for again each time; what it led to stays as it is.</summary>
    private static FuseEntry Entry(Snapshot snapshot)
    {
        var entry = VirtualEntries.File(snapshot.Node, snapshot.Content.Length, snapshot.Rendered, TimeSpan.MaxValue);
        entry.Timeout = TimeSpan.Zero;
        return entry;
    }

    private bool TryFind(NodeNumber node, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Snapshot? snapshot)
    {
        lock (_lock) return _snapshots.TryGetValue(node, out snapshot);
    }

    private Snapshot Newest(int file)
    {
        lock (_lock)
        {
            if (_newest[file] is { } recent && time.GetElapsedTime(recent.Timestamp) < Freshness) return recent;
        }
        var content = status.Files[file].Render();
        Span<byte> key = stackalloc byte[Sha256Digest.Length + sizeof(int)];
        Sha256Digest.Of(content).CopyTo(key);
        BitConverter.TryWriteBytes(key[Sha256Digest.Length..], file);
        return Keep(file, new Snapshot(NodeNumber.Of(NodeKind.Status, key), content, time.GetUtcNow(), time.GetTimestamp()));
    }

    private Snapshot Keep(int file, Snapshot rendered)
    {
        lock (_lock)
        {
            if (_snapshots.TryGetValue(rendered.Node, out var same)) rendered = same with { Timestamp = rendered.Timestamp };
            else _order.Enqueue(rendered.Node);
            _snapshots[rendered.Node] = _newest[file] = rendered;
            if (_order.Count > Kept) ForgetOldest();
            return rendered;
        }
    }

    // What a file that did not change for long still shows is old, and may be looked up this moment.
    private void ForgetOldest()
    {
        while (Array.Exists(_newest, shown => shown?.Node == _order.Peek())) _order.Enqueue(_order.Dequeue());
        _snapshots.Remove(_order.Dequeue());
    }
}
