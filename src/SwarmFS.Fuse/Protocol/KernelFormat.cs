using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>From the handler's structs to the kernel's.</summary>
internal static class KernelFormat
{
    // 68 years; the kernel adds it to its clock, so the largest number of seconds would not do.
    private const ulong ForEverSeconds = int.MaxValue;
    private const uint PageSize = 4096;

    public static void Timeout(TimeSpan timeout, out ulong seconds, out uint nanoseconds)
    {
        if (timeout.Ticks >= (long)ForEverSeconds * TimeSpan.TicksPerSecond)
        {
            seconds = ForEverSeconds;
            nanoseconds = 0;
            return;
        }

        var ticks = Math.Max(timeout.Ticks, 0);
        seconds = (ulong)(ticks / TimeSpan.TicksPerSecond);
        nanoseconds = (uint)(ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
    }

    public static void Attributes(in FuseAttributes from, out FuseAttr to)
    {
        to.Ino = from.Inode;
        to.Size = from.Size;
        to.Blocks = from.Blocks;
        to.Atime = to.Mtime = to.Ctime = (ulong)from.MtimeSeconds;
        to.AtimeNsec = to.MtimeNsec = to.CtimeNsec = from.MtimeNanoseconds;
        to.Mode = from.Mode;
        to.Nlink = from.LinkCount;
        to.Uid = from.Uid;
        to.Gid = from.Gid;
        to.Rdev = 0;
        to.Blksize = from.BlockSize == 0 ? PageSize : from.BlockSize;
        to.Flags = 0;
    }

    public static void Entry(in FuseEntry from, Span<byte> destination)
    {
        FuseEntryOut to = default;
        to.NodeId = from.NodeId;
        Timeout(from.Timeout, out to.EntryValid, out to.EntryValidNsec);
        if (from.NodeId != 0 || from.Attributes.Inode != 0)
        {
            Timeout(from.Attributes.Timeout, out to.AttrValid, out to.AttrValidNsec);
            Attributes(from.Attributes, out to.Attr);
        }

        MemoryMarshal.Write(destination, to);
    }

    public static void AttributesReply(in FuseAttributes from, Span<byte> destination)
    {
        FuseAttrOut to = default;
        Timeout(from.Timeout, out to.AttrValid, out to.AttrValidNsec);
        Attributes(from, out to.Attr);
        MemoryMarshal.Write(destination, to);
    }
}
