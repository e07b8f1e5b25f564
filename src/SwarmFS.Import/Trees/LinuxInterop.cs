using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Import;

/// <summary>struct statx of statx(2): the same on every architecture.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    [FieldOffset(0x10)]
    public uint LinkCount;

    [FieldOffset(0x14)]
    public uint Uid;

    [FieldOffset(0x18)]
    public uint Gid;

    [FieldOffset(0x1c)]
    public ushort Mode;

    [FieldOffset(0x20)]
    public ulong Inode;

    [FieldOffset(0x28)]
    public long Size;

    [FieldOffset(0x70)]
    public long MtimeSeconds;

    [FieldOffset(0x78)]
    public uint MtimeNanoseconds;

    [FieldOffset(0x88)]
    public uint DeviceMajor;

    [FieldOffset(0x8c)]
    public uint DeviceMinor;

    public readonly int Kind => Mode & 0xf000;

    /// <summary>Whether the content is that of <paramref name="before"/>, as far as size and time tell.</summary>
    public readonly bool IsUnchanged(in FileStatus before) => (Size, MtimeSeconds, MtimeNanoseconds) == (before.Size, before.MtimeSeconds, before.MtimeNanoseconds);
}

internal static unsafe partial class LinuxInterop
{
    public const int KindFile = 0x8000;
    public const int KindDirectory = 0x4000;
    public const int KindSymlink = 0xa000;

    /// <summary>XATTR_LIST_MAX and XATTR_SIZE_MAX, bytes.</summary>
    private const int MaxXattr = 64 << 10;

    private const int CurrentDirectory = -100;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint BasicStatus = 0x7ff;

    /// <summary>O_DIRECTORY and O_NOFOLLOW, which differ between architectures.</summary>
    private static readonly (int Directory, int NoFollow) Open =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? (0x4000, 0x8000) : (0x10000, 0x20000);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(int directory, byte* path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Statx(int directory, byte* path, int flags, uint mask, FileStatus* status);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    private static partial nint ReadLinkAt(int directory, byte* path, byte* target, nuint length);

    [LibraryImport("libc", EntryPoint = "flistxattr", SetLastError = true)]
    private static partial nint ListXattr(SafeFileHandle file, byte* list, nuint length);

    [LibraryImport("libc", EntryPoint = "fgetxattr", SetLastError = true)]
    private static partial nint GetXattr(SafeFileHandle file, byte* name, byte* value, nuint length);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    private static partial nint GetDents(SafeFileHandle directory, byte* buffer, nuint length);

    /// <summary>Opens the directory that an import begins at; a symlink there is followed, since a person named it.</summary>
    public static SafeFileHandle OpenRoot(ReadOnlySpan<byte> path) => Opened(CurrentDirectory, path, Open.Directory | CloseOnExec);

    /// <summary>Opens what the path leads to, to be read, without waiting for a FIFO's writer; invalid when that fails, with the reason in the last error.</summary>
    public static SafeFileHandle OpenFile(ReadOnlySpan<byte> path) => Opened(CurrentDirectory, path, CloseOnExec | NonBlocking);

    /// <summary>Opens an entry without ever following a symlink; invalid when that fails, with the reason in the last error.</summary>
    public static SafeFileHandle OpenEntry(SafeFileHandle directory, ReadOnlySpan<byte> name, bool isDirectory) =>
        Opened((int)directory.DangerousGetHandle(), name, Open.NoFollow | CloseOnExec | NonBlocking | (isDirectory ? Open.Directory : 0));

    private static SafeFileHandle Opened(int directory, ReadOnlySpan<byte> path, int flags)
    {
        fixed (byte* terminated = Terminated(path)) return new SafeFileHandle(OpenAt(directory, terminated, flags, 0), ownsHandle: true);
    }

    public static bool TryStatus(SafeFileHandle directory, ReadOnlySpan<byte> name, out FileStatus status)
    {
        FileStatus found;
        fixed (byte* terminated = Terminated(name))
        {
            var flags = NoFollow | (name.IsEmpty ? EmptyPath : 0);
            var result = Statx((int)directory.DangerousGetHandle(), terminated, flags, BasicStatus, &found);
            status = found;
            return result == 0;
        }
    }

    /// <summary>Null when it cannot be read.</summary>
    public static byte[]? ReadLink(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        var target = new byte[4096];
        fixed (byte* terminated = Terminated(name))
        fixed (byte* into = target)
        {
            var length = ReadLinkAt((int)directory.DangerousGetHandle(), terminated, into, (nuint)target.Length);
            return length < 0 ? null : target[..(int)length];
        }
    }

    /// <summary>The attribute names, each ended by a NUL; none where the file system has no attributes.</summary>
    public static byte[] ListXattrs(SafeFileHandle file)
    {
        var list = new byte[MaxXattr];
        fixed (byte* into = list)
        {
            var length = ListXattr(file, into, MaxXattr);
            return length < 0 ? [] : list[..(int)length];
        }
    }

    /// <summary>Null when it cannot be read.</summary>
    public static byte[]? ReadXattr(SafeFileHandle file, ReadOnlySpan<byte> name)
    {
        var value = new byte[MaxXattr];
        fixed (byte* terminated = Terminated(name))
        fixed (byte* into = value)
        {
            var length = GetXattr(file, terminated, into, MaxXattr);
            return length < 0 ? null : value[..(int)length];
        }
    }

    /// <summary>The names in a directory, "." and ".." left out; null when it cannot be read.</summary>
    public static List<byte[]>? Names(SafeFileHandle directory)
    {
        // struct linux_dirent64: inode 8, offset 8, record length 2, type 1, name with NUL.
        const int NameOffset = 19;
        var names = new List<byte[]>();
        var buffer = new byte[64 << 10];
        while (true)
        {
            nint length;
            fixed (byte* into = buffer) length = GetDents(directory, into, (nuint)buffer.Length);
            if (length < 0) return null;
            if (length == 0) return names;
            for (var rest = buffer.AsSpan(0, (int)length); !rest.IsEmpty; rest = rest[BitConverter.ToUInt16(rest[16..])..])
            {
                var name = rest[NameOffset..];
                name = name[..name.IndexOf((byte)0)];
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8)) names.Add(name.ToArray());
            }
        }
    }

    private static byte[] Terminated(ReadOnlySpan<byte> text) => [.. text, 0];
}
