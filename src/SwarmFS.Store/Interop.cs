using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Store;

/// <summary>What the store needs of libc that the runtime does not offer. Flag values are those of Linux on x86-64 and arm64, where they agree.</summary>
internal static partial class Interop
{
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int Truncate = 0x200;

    public const int NoSuchFile = 2;
    public const int NoSpaceLeft = 28;
    public const int QuotaExceeded = 122;

    private const int Interrupted = 4;
    private const int DeviceFailed = 5;
    private const int NoSuchCall = 38;
    private const int NoData = 61;
    private const int BadMessage = 74;
    private const int NotSupported = 95;
    private const int NeedsCleaning = 117;
    private const int CloseOnExec = 0x80000;
    private const int KeepSize = 1;
    private const uint StartWrite = 2;
    private const int DontNeed = 4;
    private const int CurrentDirectory = -100;
    private const uint StatBlocks = 0x400;
    private const int OwnerOnly = 0x180; // 0600

    /// <summary>open(2) with mode 0600.</summary>
    /// <exception cref="IOException">HResult is the errno.</exception>
    public static SafeFileHandle Open(string path, int flags)
    {
        var descriptor = open(path, flags | CloseOnExec, OwnerOnly);
        if (descriptor < 0) throw Failure("open", path);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>ftruncate(2). A size that the file system cannot have is an IOException like any other.</summary>
    public static void SetLength(SafeFileHandle handle, long length, string path)
    {
        if (ftruncate(handle, length) != 0) throw Failure("ftruncate", path);
    }

    /// <summary>
    /// fallocate(2) with FALLOC_FL_KEEP_SIZE: writing there does not fail for want of space any more. False where the file system cannot.
    /// </summary>
    /// <exception cref="IOException">There is no such space, or the device failed.</exception>
    public static bool TryReserve(SafeFileHandle handle, long offset, long length, string path)
    {
        while (fallocate(handle, KeepSize, offset, length) != 0)
        {
            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted: continue;
                case NotSupported or NoSuchCall: return false;
                default: throw Failure("fallocate", path);
            }
        }
        return true;
    }

    /// <summary>sync_file_range(2): begins to write the file's pages and does not wait. A hint: where it is not supported nothing is lost.</summary>
    public static void StartWriting(SafeFileHandle handle) => _ = sync_file_range(handle, 0, 0, StartWrite);

    /// <summary>posix_fadvise(2), POSIX_FADV_DONTNEED, from the file's start, or of all of it where the length is 0: pages that are written out are not kept. A hint.</summary>
    public static void GiveUpPages(SafeFileHandle handle, long length) => _ = posix_fadvise(handle, 0, length, DontNeed);

    /// <summary>Bytes of disk that the file takes: blocks of 512 bytes as statx(2) counts them.</summary>
    public static long AllocatedBytes(string path)
    {
        if (statx(CurrentDirectory, path, 0, StatBlocks, out var status) != 0) throw Failure("statx", path);
        return (long)status.Blocks * 512;
    }

    /// <summary>True for what a write says when disk or disk quota is full.</summary>
    public static bool IsFull(IOException failure) => failure.HResult is NoSpaceLeft or QuotaExceeded;

    /// <summary>
    /// True for what a read says when the bytes themselves are lost: the device or the file system cannot give them. Everything else, like a want of descriptors or memory, passes, and the
    /// bytes are where they were.
    /// </summary>
    public static bool IsDamage(IOException failure) => failure.HResult is DeviceFailed or NoData or BadMessage or NeedsCleaning;

    /// <summary>
    /// Memory in whole large pages, which the kernel gives at the first touch if it has any (madvise(2), MADV_HUGEPAGE). Freed by <see cref="NativeMemory.AlignedFree"/>.
    /// </summary>
    public static unsafe byte* AllocateLargePages(nuint length)
    {
        const nuint largePage = 2 << 20;
        const int useLargePages = 14;
        length = (length + largePage - 1) & ~(largePage - 1);
        var memory = NativeMemory.AlignedAlloc(length, largePage);
        // Where the kernel knows none it refuses, and the pages are small.
        _ = madvise(memory, length, useLargePages);
        return (byte*)memory;
    }

    private static IOException Failure(string call, string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new IOException($"{call} of '{path}' failed: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
    }

    /// <summary>struct statx of linux/stat.h, as far as it is read here; the kernel writes 256 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct FileStatus
    {
        [FieldOffset(48)]
        public ulong Blocks;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(SafeFileHandle handle, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle handle, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sync_file_range(SafeFileHandle handle, long offset, long length, uint flags);

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeFileHandle handle, long offset, long length, int advice);

    [LibraryImport("libc")]
    private static unsafe partial int madvise(void* memory, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, out FileStatus status);
}
