using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>One method per operation: arguments out of the message, the handler's answer into the reply. Each returns the payload's length, a negative errno, or "parked".</summary>
internal sealed partial class FuseDispatcher
{
    private const int Invalid = -(int)Errno.EINVAL;

    // PATH_MAX without its NUL: what readlink(2) can show.
    private const int MaxLinkBytes = 4095;
    private const uint DefaultBlockSize = 4096;

    // NAME_MAX; the kernel itself lets 1024 through.
    private const uint MaxNameLength = 255;
    private const uint AccessModeMask = 3;

    // FOPEN_* of linux/fuse.h.
    private const uint OpenKeepCache = 1 << 1;
    private const uint OpenCacheDirectory = 1 << 3;
    private const uint OpenNoFlush = 1 << 5;
    private const uint OpenPassthrough = 1 << 7;

    private int Perform(RequestContext context, in FuseInHeader header, ReadOnlySpan<byte> arguments)
    {
        var request = new FuseRequest(header.Unique, header.Uid, header.Gid, header.Pid, context);
        var node = ShownRoot.ToHandler(header.NodeId);
        switch ((FuseOpcode)header.Opcode)
        {
            case FuseOpcode.Lookup when ShowsSubdirectory && header.NodeId == ShownRoot.Handler: return LookUpShownRoot(context, ref request);
            case FuseOpcode.Lookup: return Lookup(context, ref request, node, arguments);
            case FuseOpcode.Getattr: return GetAttributes(context, ref request, node);
            case FuseOpcode.Readlink: return ReadLink(context, ref request, node);
            case FuseOpcode.Read: return Read(context, ref request, node, arguments);
            case FuseOpcode.Readdir: return ReadDirectory(context, ref request, node, arguments);
            case FuseOpcode.Readdirplus: return ReadDirectoryPlus(context, ref request, node, arguments);
            case FuseOpcode.Open: return Open(context, ref request, node, arguments);
            case FuseOpcode.Opendir: return OpenDirectory(context, ref request, node);
            case FuseOpcode.Release or FuseOpcode.Releasedir: return Release((FuseOpcode)header.Opcode, node, arguments);
            case FuseOpcode.Getxattr: return GetXattr(context, ref request, node, arguments);
            case FuseOpcode.Listxattr: return ListXattrs(context, ref request, node, arguments);
            case FuseOpcode.Lseek: return Seek(context, ref request, node, arguments);
            case FuseOpcode.Statfs: return GetStatistics(context, ref request, node);
            case FuseOpcode.Destroy: return 0;
            case FuseOpcode.Init: return Invalid;
            case FuseOpcode.Setattr or FuseOpcode.Symlink or FuseOpcode.Mknod or FuseOpcode.Mkdir or FuseOpcode.Unlink or FuseOpcode.Rmdir
                or FuseOpcode.Rename or FuseOpcode.Rename2 or FuseOpcode.Link or FuseOpcode.Write or FuseOpcode.Setxattr or FuseOpcode.Removexattr
                or FuseOpcode.Create or FuseOpcode.Tmpfile or FuseOpcode.Fallocate or FuseOpcode.CopyFileRange:
                return -(int)Errno.EROFS;
            default: return -(int)Errno.ENOSYS;
        }
    }

    private int Lookup(RequestContext context, ref FuseRequest request, ulong parent, ReadOnlySpan<byte> arguments)
    {
        if (!TryTakeName(arguments, out var name)) return Invalid;
        if (name.Length > MaxNameLength) return -(int)Errno.ENAMETOOLONG;
        FuseEntry entry = default;
        var result = _handler.Lookup(ref request, parent, name, ref entry);
        if (result.Value < 0) return result.Value;
        KernelFormat.Entry(entry, context.Payload);
        return Unsafe.SizeOf<FuseEntryOut>();
    }

    // Asked once, while the mount is put into the tree.
    private int LookUpShownRoot(RequestContext context, ref FuseRequest request)
    {
        var entry = new FuseEntry { NodeId = ShownRoot.Kernel, Timeout = TimeSpan.MaxValue };
        var result = _handler.GetAttributes(ref request, ShownRoot.Handler, ref entry.Attributes);
        if (result.Value < 0) return result.Value;
        KernelFormat.Entry(entry, context.Payload);
        return Unsafe.SizeOf<FuseEntryOut>();
    }

    private int GetAttributes(RequestContext context, ref FuseRequest request, ulong node)
    {
        FuseAttributes attributes = default;
        var result = _handler.GetAttributes(ref request, node, ref attributes);
        if (result.Value < 0) return result.Value;
        KernelFormat.AttributesReply(attributes, context.Payload);
        return Unsafe.SizeOf<FuseAttrOut>();
    }

    private int ReadLink(RequestContext context, ref FuseRequest request, ulong node) =>
        Bounded(_handler.ReadLink(ref request, node, context.Payload[..MaxLinkBytes]), MaxLinkBytes);

    private int Read(RequestContext context, ref FuseRequest request, ulong node, ReadOnlySpan<byte> arguments)
    {
        if (!MemoryMarshal.TryRead<FuseReadIn>(arguments, out var read) || read.Size > context.PayloadBytes || read.Offset > long.MaxValue) return Invalid;
        return Bounded(_handler.Read(ref request, node, read.Fh, (long)read.Offset, context.Payload[..(int)read.Size]), (int)read.Size);
    }

    private int ReadDirectory(RequestContext context, ref FuseRequest request, ulong node, ReadOnlySpan<byte> arguments)
    {
        if (!MemoryMarshal.TryRead<FuseReadIn>(arguments, out var read)) return Invalid;
        var writer = new FuseDirectoryWriter(context.Payload[..(int)Math.Min(read.Size, (uint)context.PayloadBytes)]);
        var result = _handler.ReadDirectory(ref request, node, read.Fh, read.Offset, ref writer);
        return result.Value < 0 ? result.Value : writer.Written;
    }

    private int ReadDirectoryPlus(RequestContext context, ref FuseRequest request, ulong node, ReadOnlySpan<byte> arguments)
    {
        if (!MemoryMarshal.TryRead<FuseReadIn>(arguments, out var read)) return Invalid;
        var writer = new FuseDirectoryPlusWriter(context.Payload[..(int)Math.Min(read.Size, (uint)context.PayloadBytes)]);
        var result = _handler.ReadDirectoryPlus(ref request, node, read.Fh, read.Offset, ref writer);
        return result.Value < 0 ? result.Value : writer.Written;
    }

    private int Open(RequestContext context, ref FuseRequest request, ulong node, ReadOnlySpan<byte> arguments)
    {
        if (!MemoryMarshal.TryRead<FuseOpenIn>(arguments, out var open)) return Invalid;
        if ((open.Flags & AccessModeMask) != 0) return -(int)Errno.EROFS;
        FuseOpened opened = default;
        var result = _handler.Open(ref request, node, (int)open.Flags, ref opened);
        return result.Value < 0 ? result.Value : WriteOpened(context, opened);
    }

    private int OpenDirectory(RequestContext context, ref FuseRequest request, ulong node)
    {
        FuseOpened opened = default;
        var result = _handler.OpenDirectory(ref request, node, ref opened);
        return result.Value < 0 ? result.Value : WriteOpened(context, opened);
    }

    // Passthrough with KEEP_CACHE in one answer makes open(2) fail with EIO. Nothing is ever written, so a close has nothing to flush.
    private static int WriteOpened(RequestContext context, in FuseOpened opened)
    {
        var flags = OpenNoFlush;
        if (opened.BackingId > 0) flags |= OpenPassthrough;
        else if (opened.KeepCache) flags |= OpenKeepCache;
        if (opened.CacheDirectory) flags |= OpenCacheDirectory;
        MemoryMarshal.Write(context.Payload, new FuseOpenOut { Fh = opened.Handle, OpenFlags = flags, BackingId = Math.Max(opened.BackingId, 0) });
        return Unsafe.SizeOf<FuseOpenOut>();
    }

    private int Release(FuseOpcode opcode, ulong node, ReadOnlySpan<byte> arguments)
    {
        if (!MemoryMarshal.TryRead<FuseReleaseIn>(arguments, out var release)) return Invalid;
        if (opcode == FuseOpcode.Release) _handler.Release(node, release.Fh);
        else _handler.ReleaseDirectory(node, release.Fh);
        return 0;
    }

    private int GetXattr(RequestContext context, ref FuseRequest request, ulong node, ReadOnlySpan<byte> arguments)
    {
        if (!MemoryMarshal.TryRead<FuseGetxattrIn>(arguments, out var get) || !TryTakeName(arguments[Unsafe.SizeOf<FuseGetxattrIn>()..], out var name)) return Invalid;
        var value = context.Payload[..(int)Math.Min(get.Size, MaxXattrBytes)];
        return WriteXattr(context, value.Length, _handler.GetXattr(ref request, node, name, value));
    }

    private int ListXattrs(RequestContext context, ref FuseRequest request, ulong node, ReadOnlySpan<byte> arguments)
    {
        if (!MemoryMarshal.TryRead<FuseGetxattrIn>(arguments, out var list)) return Invalid;
        var names = context.Payload[..(int)Math.Min(list.Size, MaxXattrBytes)];
        return WriteXattr(context, names.Length, _handler.ListXattrs(ref request, node, names));
    }

    private static int WriteXattr(RequestContext context, int room, FuseResult result)
    {
        if (result.Value < 0) return result.Value;
        if (room > 0) return result.Value <= room ? result.Value : -(int)Errno.ERANGE;
        if (result.Value > MaxXattrBytes) return -(int)Errno.E2BIG;
        MemoryMarshal.Write(context.Payload, new FuseGetxattrOut { Size = (uint)result.Value });
        return Unsafe.SizeOf<FuseGetxattrOut>();
    }

    private int Seek(RequestContext context, ref FuseRequest request, ulong node, ReadOnlySpan<byte> arguments)
    {
        if (!MemoryMarshal.TryRead<FuseLseekIn>(arguments, out var seek) || seek.Offset > long.MaxValue) return Invalid;
        long position = 0;
        var result = _handler.Seek(ref request, node, (long)seek.Offset, (int)seek.Whence, ref position);
        if (result.Value < 0) return result.Value;
        MemoryMarshal.Write(context.Payload, new FuseLseekOut { Offset = (ulong)position });
        return Unsafe.SizeOf<FuseLseekOut>();
    }

    // df(1) and statvfs(3) of programs that only look around must not fail on a filesystem without figures.
    private int GetStatistics(RequestContext context, ref FuseRequest request, ulong node)
    {
        FuseStatistics statistics = default;
        var result = _handler.GetStatistics(ref request, node, ref statistics);
        if (result.Value < 0 && result != FuseResult.NotImplemented) return result.Value;
        var blockSize = statistics.BlockSize == 0 ? DefaultBlockSize : statistics.BlockSize;
        MemoryMarshal.Write(context.Payload, new FuseKstatfs
        {
            Blocks = statistics.Blocks,
            Bfree = statistics.BlocksFree,
            Bavail = statistics.BlocksFree,
            Files = statistics.Files,
            Ffree = statistics.FilesFree,
            Bsize = blockSize,
            Frsize = blockSize,
            Namelen = statistics.NameLength == 0 ? MaxNameLength : statistics.NameLength,
        });
        return Unsafe.SizeOf<FuseKstatfs>();
    }

    // The kernel sends an interrupt only for a request that was read. It is parked, or in some thread's hands, or it moved from the one to the other between two looks;
    // or its answer is on its way, and then EAGAIN makes the kernel ask again unless the answer has arrived.
    private void Interrupt(ReadOnlySpan<byte> message)
    {
        if (!MemoryMarshal.TryRead<FuseInterruptIn>(message[HeaderBytes..], out var interrupt) || TryInterruptParked(interrupt.Unique)) return;
        var isInHand = false;
        foreach (var context in _contexts) isInHand |= context.TryInterrupt(interrupt.Unique);
        if (TryInterruptParked(interrupt.Unique) || isInHand) return;
        Send(MemoryMarshal.Read<FuseInHeader>(message).Unique, -(int)Errno.EAGAIN, default);
    }

    private bool TryInterruptParked(ulong unique)
    {
        if (!_parked.TryGetValue(unique, out var parked)) return false;
        Interrupted(parked);
        return true;
    }

    private static bool TryTakeName(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> name)
    {
        var end = bytes.IndexOf((byte)0);
        name = end > 0 ? bytes[..end] : default;
        return end > 0;
    }

    private static int Bounded(FuseResult result, int room) => result.Value <= room ? result.Value : LeastError - 1;
}
