using System.Collections.Concurrent;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse.TestHost;

/// <summary>Serves a <see cref="MemoryTree"/>, counts what it is asked, and parks reads of gated files until the gate opens.</summary>
internal sealed class MemoryHandler(MemoryTree tree, HandlerOptions options) : FuseHandler
{
    private readonly ConcurrentDictionary<ParkedRequest, MemoryNode> _waiting = new();
    private readonly ConcurrentDictionary<ulong, (SafeFileHandle File, int Id)> _backing = new();
    private readonly int[] _fast = new int[8];
    private int _cancelled;
    private volatile bool _gateIsOpen;
    private FuseSession? _session;

    public int Cancelled => _cancelled;
    public int Waiting => _waiting.Count;
    public bool GateIsOpen { get => _gateIsOpen; set => _gateIsOpen = value; }
    public int Lookups => _fast[0];
    public int GetAttributeCalls => _fast[1];
    public int Reads => _fast[2];
    public int Listings => _fast[3];
    public int Opens => _fast[4];
    public int XattrCalls => _fast[5];

    public void ResetCounts() => Array.Clear(_fast);

    public ParkedRequest[] TakeWaiting()
    {
        var all = _waiting.Keys.ToArray();
        foreach (var parked in all) _waiting.TryRemove(parked, out _);
        return all;
    }

    public override void Started(FuseSession session)
    {
        _session = session;
        if (options.Vanishes) Directory.Delete(session.MountPoint);
    }

    public override FuseResult Lookup(ref FuseRequest request, ulong parent, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        Interlocked.Increment(ref _fast[0]);
        if (tree.Find(parent) is not { IsDirectory: true } directory) return FuseResult.Error(Errno.ENOTDIR);
        if (directory.Behaviour == Behaviour.Gated && !_gateIsOpen) return Wait(ref request, directory);
        if (!Find(directory, name, out var node))
        {
            entry.Timeout = options.NegativeTimeout;
            return FuseResult.Ok;
        }

        Describe(node, ref entry);
        return FuseResult.Ok;
    }

    public override FuseResult GetAttributes(ref FuseRequest request, ulong node, ref FuseAttributes attributes)
    {
        Interlocked.Increment(ref _fast[1]);
        if (options.IsStuck)
        {
            Console.WriteLine("STUCK");
            Thread.Sleep(Timeout.Infinite);
        }
        if (tree.Find(node) is not { } found) return FuseResult.Error(Errno.ESTALE);
        Describe(found, ref attributes);
        return FuseResult.Ok;
    }

    public override FuseResult ReadLink(ref FuseRequest request, ulong node, Span<byte> target)
    {
        if (tree.Find(node) is not { IsLink: true } link) return FuseResult.Error(Errno.EINVAL);
        link.Content.CopyTo(target);
        return FuseResult.Bytes(link.Content.Length);
    }

    public override FuseResult Read(ref FuseRequest request, ulong node, ulong handle, long offset, Span<byte> destination)
    {
        Interlocked.Increment(ref _fast[2]);
        if (tree.Find(node) is not { } file) return FuseResult.Error(Errno.ESTALE);
        switch (file.Behaviour)
        {
            case Behaviour.Gated when !_gateIsOpen:
                return Wait(ref request, file);
            case Behaviour.Throwing:
                throw new InvalidDataException("this file is made to throw");
            case Behaviour.ParkingAndAnswering:
                request.Park();
                break;
            case Behaviour.FalselyParked:
                return FuseResult.Parked;
        }

        return FuseResult.Bytes(file.Read(offset, destination));
    }

    public override FuseResult Open(ref FuseRequest request, ulong node, int flags, ref FuseOpened opened)
    {
        if (!options.AnswersOpen) return FuseResult.NotImplemented;
        Interlocked.Increment(ref _fast[4]);
        if (tree.Find(node) is not { } file) return FuseResult.Error(Errno.ESTALE);
        opened.KeepCache = true;
        if (file.BackingPath is { } path && options.Passthrough) opened.BackingId = Math.Max(Backing(file.Number, path), 0);
        return FuseResult.Ok;
    }

    public override FuseResult ReadDirectory(ref FuseRequest request, ulong node, ulong handle, ulong offset, ref FuseDirectoryWriter writer)
    {
        Interlocked.Increment(ref _fast[3]);
        if (tree.Find(node) is not { IsDirectory: true } directory) return FuseResult.Error(Errno.ENOTDIR);
        if (offset == 0 && !writer.TryAdd("."u8, directory.Number, directory.Mode, 1)) return FuseResult.Ok;
        if (offset <= 1 && !writer.TryAdd(".."u8, directory.Parent, directory.Mode, 2)) return FuseResult.Ok;
        for (var i = (int)Math.Max(offset, 2) - 2; i < directory.Children.Count; i++)
        {
            var (name, child) = directory.Children[i];
            if (!writer.TryAdd(name, child.Number, child.Mode, (ulong)i + 3)) break;
        }

        return FuseResult.Ok;
    }

    public override FuseResult ReadDirectoryPlus(ref FuseRequest request, ulong node, ulong handle, ulong offset, ref FuseDirectoryPlusWriter writer)
    {
        Interlocked.Increment(ref _fast[3]);
        if (tree.Find(node) is not { IsDirectory: true } directory) return FuseResult.Error(Errno.ENOTDIR);
        FuseEntry entry = default;
        entry.Attributes.Inode = directory.Number;
        entry.Attributes.Mode = directory.Mode;
        if (offset == 0 && !writer.TryAdd("."u8, entry, 1)) return FuseResult.Ok;
        entry.Attributes.Inode = directory.Parent;
        if (offset <= 1 && !writer.TryAdd(".."u8, entry, 2)) return FuseResult.Ok;
        for (var i = (int)Math.Max(offset, 2) - 2; i < directory.Children.Count; i++)
        {
            var (name, child) = directory.Children[i];
            Describe(child, ref entry);
            if (!writer.TryAdd(name, entry, (ulong)i + 3)) break;
        }

        return FuseResult.Ok;
    }

    public override FuseResult GetStatistics(ref FuseRequest request, ulong node, ref FuseStatistics statistics)
    {
        statistics.Blocks = 1000;
        statistics.BlocksFree = 10;
        statistics.Files = 500;
        statistics.BlockSize = 4096;
        statistics.NameLength = 255;
        return FuseResult.Ok;
    }

    public override FuseResult GetXattr(ref FuseRequest request, ulong node, ReadOnlySpan<byte> name, Span<byte> value)
    {
        Interlocked.Increment(ref _fast[5]);
        if (!options.HasXattrs) return FuseResult.NotImplemented;
        if (tree.Find(node) is not { } found || !found.Xattrs.TryGetValue(Encoding.UTF8.GetString(name), out var stored)) return FuseResult.Error(Errno.ENODATA);
        if (stored.Length <= value.Length) stored.CopyTo(value);
        return FuseResult.Bytes(stored.Length);
    }

    public override FuseResult ListXattrs(ref FuseRequest request, ulong node, Span<byte> names)
    {
        Interlocked.Increment(ref _fast[5]);
        if (!options.HasXattrs) return FuseResult.NotImplemented;
        var all = tree.Find(node)?.Xattrs.Keys.SelectMany(key => Encoding.UTF8.GetBytes(key + "\0")).ToArray() ?? [];
        if (all.Length <= names.Length) all.CopyTo(names);
        return FuseResult.Bytes(all.Length);
    }

    public override FuseResult Seek(ref FuseRequest request, ulong node, long offset, int whence, ref long result)
    {
        if (tree.Find(node) is not { } file) return FuseResult.Error(Errno.ESTALE);
        if (offset >= file.Size) return FuseResult.Error(Errno.ENXIO);
        result = whence == 3 ? offset : file.Size;
        return FuseResult.Ok;
    }

    private FuseResult Wait(ref FuseRequest request, MemoryNode file)
    {
        var parked = request.Park();
        _waiting[parked] = file;
        parked.Cancelled.Register(() =>
        {
            _waiting.TryRemove(parked, out _);
            Interlocked.Increment(ref _cancelled);
        });
        return FuseResult.Parked;
    }

    private int Backing(ulong number, string path) => _backing.GetOrAdd(number, _ =>
    {
        var file = File.OpenHandle(path);
        return (file, _session!.OpenBacking(file));
    }).Id;

    private static bool Find(MemoryNode directory, ReadOnlySpan<byte> name, out MemoryNode node)
    {
        Span<char> text = stackalloc char[256];
        if (Encoding.UTF8.TryGetChars(name, text, out var length))
            return directory.ByName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text[..length], out node!);
        node = null!;
        return false;
    }

    private void Describe(MemoryNode node, ref FuseEntry entry)
    {
        entry.NodeId = node.Number;
        entry.Timeout = options.Timeout;
        Describe(node, ref entry.Attributes);
    }

    private void Describe(MemoryNode node, ref FuseAttributes attributes)
    {
        attributes.Inode = node.Number;
        attributes.Size = (ulong)node.Size;
        attributes.Blocks = (ulong)(node.Size + 511) / 512;
        attributes.Mode = node.Mode;
        attributes.Uid = node.Uid;
        attributes.Gid = node.Gid;
        attributes.LinkCount = node.Links;
        attributes.MtimeSeconds = node.MtimeSeconds;
        attributes.MtimeNanoseconds = node.MtimeNanoseconds;
        attributes.Timeout = options.Timeout;
    }
}

internal sealed record HandlerOptions
{
    public TimeSpan Timeout { get; init; } = TimeSpan.MaxValue;
    public TimeSpan NegativeTimeout { get; init; } = TimeSpan.MaxValue;
    public bool AnswersOpen { get; init; }
    public bool Passthrough { get; init; }
    public bool HasXattrs { get; init; } = true;

    /// <summary>The root's attributes are never answered.</summary>
    public bool IsStuck { get; init; }

    /// <summary>The mount point goes away before anything is mounted on it.</summary>
    public bool Vanishes { get; init; }
}
