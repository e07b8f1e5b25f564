using System.Runtime.CompilerServices;

namespace SwarmFS.Fuse;

// The fields of linux/fuse.h (protocol 7.45) in its order; every struct is naturally aligned, so the default sequential layout is the kernel's. The names are
// the header's, in this language's spelling: fuse_in_header is FuseInHeader. A test compiles a C program against the installed header and compares all sizes.
#pragma warning disable CS0649 // fields that the kernel writes

internal struct FuseInHeader
{
    public uint Len;
    public uint Opcode;
    public ulong Unique;
    public ulong NodeId;
    public uint Uid;
    public uint Gid;
    public uint Pid;

    /// <summary>Extensions at the end of the message, in units of 8 bytes; 0 before 7.38.</summary>
    public ushort TotalExtLen;
    public ushort Padding;
}

internal struct FuseOutHeader
{
    public uint Len;

    /// <summary>0, a negative errno, or (with a unique of 0) a notification's code.</summary>
    public int Error;
    public ulong Unique;
}

internal struct FuseInitIn
{
    public uint Major;
    public uint Minor;
    public uint MaxReadahead;
    public uint Flags;

    /// <summary>From 7.36; the kernels before end here.</summary>
    public uint Flags2;
    public Reserved11 Unused;
}

[InlineArray(11)]
internal struct Reserved11
{
    private uint _first;
}

internal struct FuseInitOut
{
    public uint Major;
    public uint Minor;
    public uint MaxReadahead;
    public uint Flags;
    public ushort MaxBackground;
    public ushort CongestionThreshold;
    public uint MaxWrite;
    public uint TimeGran;
    public ushort MaxPages;
    public ushort MapAlignment;
    public uint Flags2;
    public uint MaxStackDepth;
    public ushort RequestTimeout;
    public ushort Unused0;
    public ulong Unused1;
    public ulong Unused2;
}

internal struct FuseAttr
{
    public ulong Ino;
    public ulong Size;
    public ulong Blocks;
    public ulong Atime;
    public ulong Mtime;
    public ulong Ctime;
    public uint AtimeNsec;
    public uint MtimeNsec;
    public uint CtimeNsec;
    public uint Mode;
    public uint Nlink;
    public uint Uid;
    public uint Gid;
    public uint Rdev;
    public uint Blksize;
    public uint Flags;
}

internal struct FuseEntryOut
{
    public ulong NodeId;
    public ulong Generation;
    public ulong EntryValid;
    public ulong AttrValid;
    public uint EntryValidNsec;
    public uint AttrValidNsec;
    public FuseAttr Attr;
}

internal struct FuseAttrOut
{
    public ulong AttrValid;
    public uint AttrValidNsec;
    public uint Dummy;
    public FuseAttr Attr;
}

internal struct FuseGetattrIn
{
    public uint GetattrFlags;
    public uint Dummy;
    public ulong Fh;
}

internal struct FuseOpenIn
{
    public uint Flags;
    public uint OpenFlags;
}

internal struct FuseOpenOut
{
    public ulong Fh;
    public uint OpenFlags;

    /// <summary>Padding before 7.40.</summary>
    public int BackingId;
}

internal struct FuseReadIn
{
    public ulong Fh;
    public ulong Offset;
    public uint Size;
    public uint ReadFlags;
    public ulong LockOwner;
    public uint Flags;
    public uint Padding;
}

internal struct FuseReleaseIn
{
    public ulong Fh;
    public uint Flags;
    public uint ReleaseFlags;
    public ulong LockOwner;
}

internal struct FuseInterruptIn
{
    public ulong Unique;
}

internal struct FuseGetxattrIn
{
    public uint Size;
    public uint Padding;
}

internal struct FuseGetxattrOut
{
    public uint Size;
    public uint Padding;
}

internal struct FuseLseekIn
{
    public ulong Fh;
    public ulong Offset;
    public uint Whence;
    public uint Padding;
}

internal struct FuseLseekOut
{
    public ulong Offset;
}

internal struct FuseKstatfs
{
    public ulong Blocks;
    public ulong Bfree;
    public ulong Bavail;
    public ulong Files;
    public ulong Ffree;
    public uint Bsize;
    public uint Namelen;
    public uint Frsize;
    public uint Padding;
    public ulong Spare0;
    public ulong Spare1;
    public ulong Spare2;
}

internal struct FuseDirent
{
    public ulong Ino;
    public ulong Off;
    public uint Namelen;
    public uint Type;
}

internal struct FuseNotifyInvalInodeOut
{
    public ulong Ino;
    public long Off;
    public long Len;
}

internal struct FuseNotifyInvalEntryOut
{
    public ulong Parent;
    public uint Namelen;
    public uint Flags;
}

internal struct FuseNotifyStoreOut
{
    public ulong NodeId;
    public ulong Offset;
    public uint Size;
    public uint Padding;
}

internal struct FuseBackingMap
{
    public int Fd;
    public uint Flags;
    public ulong Padding;
}
