using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Cli.Commands;

/// <summary>struct statx of statx(2), as far as it is read here; the kernel writes 256 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    // stat.h: S_IFMT, S_IFREG, S_IFDIR.
    private const int KindMask = 0xf000, KindFile = 0x8000, KindDirectory = 0x4000;

    [FieldOffset(0x14)]
    public uint Uid;

    [FieldOffset(0x18)]
    public uint Gid;

    [FieldOffset(0x1c)]
    public ushort Mode;

    public readonly bool IsRegular => (Mode & KindMask) == KindFile;

    public readonly bool IsDirectory => (Mode & KindMask) == KindDirectory;
}

/// <summary>The C library's calls that .NET does not offer.</summary>
internal static partial class Interop
{
    /// <summary>execv(3): returns only when it fails, with the error number.</summary>
    public static int Execute(string program, IReadOnlyList<string> arguments)
    {
        var vector = new nint[arguments.Count + 1];
        for (var i = 0; i < arguments.Count; i++) vector[i] = Marshal.StringToCoTaskMemUTF8(arguments[i]);
        _ = ExecuteVector(program, vector);
        var error = Marshal.GetLastPInvokeError();
        foreach (var pointer in vector) Marshal.FreeCoTaskMem(pointer);
        return error;
    }

    // asm-generic/errno-base.h.
    public const int NotPermitted = 1;
    public const int NoSuchEntry = 2;
    public const int WouldBlock = 11;
    public const int NoAccess = 13;
    public const int NotABlockDevice = 15;
    public const int NoSuchFilesystem = 19;

    // linux/mount.h: MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOATIME.
    private const ulong ReadOnlyFlags = 1 | 2 | 4 | 1024;

    /// <summary>mount(2) of an EROFS image: read-only, without set-user-id and devices, as the node's own mount.</summary>
    /// <returns>0 or the errno.</returns>
    public static int MountImage(string image, string directory) =>
        Mount(image, directory, "erofs", ReadOnlyFlags, null) == 0 ? 0 : Marshal.GetLastPInvokeError();

    // fcntl.h: O_RDWR, F_GETFD, FD_CLOEXEC.
    private const int ReadWrite = 2;
    private const int GetFlags = 1;
    private const int CloseOnExec = 1;

    /// <summary>
    /// Has standard input, output and error lead nowhere where they were closed when the program was started; for that it begins anew. The files that are opened next have their numbers
    /// otherwise, the runtime's own before all, and are printed into.
    /// </summary>
    public static void OpenStandardFiles()
    {
        // What was handed down by another program does not close on exec(3), and what the runtime opens does.
        int[] closed = [.. Enumerable.Range(0, 3).Where(file => FileControl(file, GetFlags) is -1 or CloseOnExec)];
        if (closed.Length == 0 || Open("/dev/null", ReadWrite) is var nowhere && nowhere < 0) return;
        foreach (var file in closed) _ = Duplicate(nowhere, file);
        _ = Execute("/proc/self/exe", Environment.GetCommandLineArgs());
    }

    private const int CurrentDirectory = -100;
    private const uint BasicStatus = 0x7ff;
    private const uint Unchanged = uint.MaxValue;

    /// <summary>statx(2) of what the path leads to; null where nothing is.</summary>
    /// <exception cref="IOException">It cannot be told.</exception>
    public static FileStatus? Status(string path)
    {
        if (Statx(CurrentDirectory, path, 0, BasicStatus, out var status) == 0) return status;
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchEntry ? null : throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    /// <summary>fchown(2), as far as the kernel allows: owner and group, or the group alone, or nothing.</summary>
    public static void GiveTo(SafeFileHandle file, uint uid, uint gid)
    {
        if (ChangeOwner(file, uid, gid) != 0) _ = ChangeOwner(file, Unchanged, gid);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int file, int number);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int FileControl(int file, int command);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, out FileStatus status);

    [LibraryImport("libc", EntryPoint = "fchown")]
    private static partial int ChangeOwner(SafeFileHandle file, uint uid, uint gid);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ExecuteVector(string path, nint[] arguments);
}
