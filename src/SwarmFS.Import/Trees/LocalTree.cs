using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// Puts a local directory into a tree, as it is: modes, owners, times, symlinks as data, hard links among its own files, user and capability attributes.
/// Walks by handles and never follows a symlink, so a tree that changes underneath can make the import fail but not leave the directory.
/// </summary>
internal sealed class LocalTree(TreeBuilder tree, string shownRoot, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
{
    private readonly Dictionary<(ulong Inode, uint Major, uint Minor), byte[]> _linked = [];
    private long _bytes;

    /// <exception cref="ImportRefusedException">An entry cannot be read, changes meanwhile, or is of a kind that trees do not hold.</exception>
    /// <exception cref="InvalidTreeException">The entries go beyond what a tree may hold.</exception>
    public void AddAll()
    {
        using var root = LinuxInterop.OpenRoot(Encoding.UTF8.GetBytes(shownRoot));
        if (root.IsInvalid || !LinuxInterop.TryStatus(root, [], out var status)) throw Unreadable([], Marshal.GetLastPInvokeError());
        tree.AddDirectory([], Attributes(status, Xattrs(root, [])));
        AddEntries(root, [], 0);
    }

    private void AddEntries(SafeFileHandle directory, byte[] path, int depth)
    {
        if (depth > Limits.TreeDepth) throw new ImportRefusedException($"'{Shown(path)}' is nested more than {Limits.TreeDepth} directories deep. Import a part of the tree.");
        var names = LinuxInterop.Names(directory) ?? throw Unreadable(path, Marshal.GetLastPInvokeError());
        names.Sort((left, right) => left.AsSpan().SequenceCompareTo(right));
        foreach (var name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            byte[] entry = path.Length == 0 ? name : [.. path, (byte)'/', .. name];
            if (!LinuxInterop.TryStatus(directory, name, out var status)) throw Unreadable(entry, Marshal.GetLastPInvokeError());
            AddEntry(directory, name, entry, status, depth);
        }
    }

    private void AddEntry(SafeFileHandle directory, byte[] name, byte[] path, FileStatus status, int depth)
    {
        var identity = (status.Inode, status.DeviceMajor, status.DeviceMinor);
        if (status.Kind != LinuxInterop.KindDirectory && status.LinkCount > 1)
        {
            if (_linked.TryGetValue(identity, out var first))
            {
                tree.AddHardLink(path, first);
                return;
            }
            _linked.Add(identity, path);
        }
        switch (status.Kind)
        {
            case LinuxInterop.KindDirectory:
                using (var child = Open(directory, name, path, status))
                {
                    tree.AddDirectory(path, Attributes(status, Xattrs(child, path)));
                    AddEntries(child, path, depth + 1);
                }
                break;
            case LinuxInterop.KindFile:
                AddFile(directory, name, path, status);
                break;
            case LinuxInterop.KindSymlink:
                var target = LinuxInterop.ReadLink(directory, name) ?? throw Unreadable(path, Marshal.GetLastPInvokeError());
                tree.AddSymlink(path, Attributes(status, []), target);
                break;
            default:
                throw new ImportRefusedException($"'{Shown(path)}' is a device node, FIFO or socket, which trees do not hold. Remove it, or import another directory.");
        }
    }

    private void AddFile(SafeFileHandle directory, byte[] name, byte[] path, FileStatus status)
    {
        using var handle = Open(directory, name, path, status);
        var start = new ImportProgress(ImportStage.Unpacking, shownRoot, _bytes, -1);
        using var content = new SourceStream(new FileStream(handle, FileAccess.Read, bufferSize: 0), start, status.Size > SourceStream.ReportEvery ? progress : null, cancellationToken);
        tree.AddFile(path, Attributes(status, Xattrs(handle, path)), content, status.Size);
        if (!LinuxInterop.TryStatus(handle, [], out var after) || !after.IsUnchanged(status)) throw Changed(path);
        _bytes += status.Size;
        progress?.Report(start with { Done = _bytes });
    }

    private SafeFileHandle Open(SafeFileHandle directory, byte[] name, byte[] path, FileStatus expected)
    {
        var handle = LinuxInterop.OpenEntry(directory, name, expected.Kind == LinuxInterop.KindDirectory);
        if (handle.IsInvalid) throw Unreadable(path, Marshal.GetLastPInvokeError());
        if (LinuxInterop.TryStatus(handle, [], out var opened) && opened.Inode == expected.Inode && opened.Mode == expected.Mode) return handle;
        handle.Dispose();
        throw Changed(path);
    }

    private static EntryAttributes Attributes(FileStatus status, List<Xattr> xattrs) => new(
        (ushort)(status.Mode & 0x1ff), (byte)((status.Mode >> 9) & 7), status.Uid, status.Gid, status.MtimeSeconds, (int)status.MtimeNanoseconds, xattrs);

    private List<Xattr> Xattrs(SafeFileHandle file, byte[] path)
    {
        var xattrs = new List<Xattr>();
        var list = LinuxInterop.ListXattrs(file);
        foreach (var range in list.AsSpan().Split((byte)0))
        {
            var name = list[range];
            if (!Belongs(name)) continue;
            var value = LinuxInterop.ReadXattr(file, name) ?? throw Unreadable(path, Marshal.GetLastPInvokeError());
            xattrs.Add(new Xattr(name, value));
        }
        return xattrs;
    }

    /// <summary>Labels and access lists of this machine's own policy stay here; so does what the mount itself shows.</summary>
    private static bool Belongs(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("security.capability"u8) || (name.StartsWith("user."u8) && !name.StartsWith("user.swarmfs."u8));

    private string Shown(byte[] path) => path.Length == 0 ? EscapedText.Of(shownRoot) : $"{EscapedText.Of(shownRoot)}/{EscapedText.Of(path)}";

    private ImportRefusedException Unreadable(byte[] path, int error) =>
        new($"'{Shown(path)}' cannot be read ({Marshal.GetPInvokeErrorMessage(error)}). Check that it exists and that this node's user may read it.");

    private ImportRefusedException Changed(byte[] path) => new($"'{Shown(path)}' changed while it was read. Import again when nothing writes to it.");
}
