using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// Passthrough: which inodes the kernel reads from a file of ours without asking. The kernel refuses an open that differs in mode, or in backing id, from another open of the same
/// inode that is still alive, so the first open decides and the others follow. When the mount goes the kernel lets go of all of them by itself.
/// <code>
/// Closed -> [open, complete flat file from 128 KiB] -> Backed  -> [last close] -> Closed
/// Closed -> [open, anything else]                   -> Cached  -> [last close] -> Closed
/// </code>
/// </summary>
internal sealed class BackingFiles(IPackageContent content, ILogger logger)
{
    /// <summary>Smaller files are not worth the kernel's second open file.</summary>
    private const int MinSize = 128 << 10;

    /// <summary>Backing ids kept for inodes that nobody has open: each is an open file in the kernel.</summary>
    private const int MaxIdle = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<NodeNumber, Inode> _inodes = [];
    private readonly LinkedList<NodeNumber> _idle = new();
    private FuseSession? _session;
    private bool _refused;

    private sealed class Inode
    {
        public int BackingId;
        public int Opens;
        public LinkedListNode<NodeNumber>? Idle;
    }

    public void Attach(FuseSession session) => _session = session;

    /// <returns>The backing id to open with, or 0: open with the kernel's page cache.</returns>
    public int Open(NodeNumber node, MountedPackage package)
    {
        lock (_lock)
        {
            if (!_inodes.TryGetValue(node, out var inode))
            {
                inode = new Inode { BackingId = Register(node, package) };
                _inodes.Add(node, inode);
            }
            if (inode.Idle is not null)
            {
                _idle.Remove(inode.Idle);
                inode.Idle = null;
            }
            inode.Opens++;
            return inode.BackingId;
        }
    }

    public void Release(NodeNumber node)
    {
        lock (_lock)
        {
            if (!_inodes.TryGetValue(node, out var inode) || --inode.Opens > 0) return;
            if (inode.BackingId == 0) _inodes.Remove(node);
            else inode.Idle = _idle.AddLast(node);
            while (_idle.Count > MaxIdle)
            {
                var oldest = _idle.First!.Value;
                _session?.CloseBacking(_inodes[oldest].BackingId);
                _inodes.Remove(oldest);
                _idle.RemoveFirst();
            }
        }
    }

    private int Register(NodeNumber node, MountedPackage package)
    {
        if (_refused || _session is null || package.Tree[node.Row].Size < MinSize) return 0;
        if (!content.TryOpenFlat(package.Tree, node.Row, out var file)) return 0;
        using (file)
        {
            var id = _session.OpenBacking(file);
            if (id > 0) return id;
        }
        _refused = true;
        logger.PassthroughRefused("not agreed on, or not privileged");
        return 0;
    }
}
