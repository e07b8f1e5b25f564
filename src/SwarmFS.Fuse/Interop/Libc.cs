using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>
/// The calls of libc that this room makes. None suppresses the transition to native code: all of them may sleep. Each returns -1 on failure and leaves errno for
/// <see cref="LastError"/>, which has to be the next call.
/// </summary>
internal static unsafe partial class Libc
{
    public const int OpenReadWrite = 2;
    public const int OpenCloseOnExec = 0x80000;
    public const int OpenPath = 0x200000;
    public const int OpenDirectory = 0x10000;

    public const ulong MountNoSuid = 2;
    public const ulong MountNoDev = 4;

    public const int UnmountDetach = 2;
    public const int UnmountNoFollow = 8;

    /// <summary>CLONE_FILES: the table of descriptors.</summary>
    public const int UnshareFiles = 0x400;

    public const int MapReadWrite = 3;
    public const int MapShared = 1;
    public const int EventCloseOnExec = 0x80000;

    private const string Library = "libc";

    public static Errno LastError => (Errno)Marshal.GetLastSystemError();

    [LibraryImport(Library, EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport(Library, EntryPoint = "read")]
    public static partial nint Read(int fd, void* buffer, nint count);

    [LibraryImport(Library, EntryPoint = "write")]
    public static partial nint Write(int fd, void* buffer, nint count);

    [LibraryImport(Library, EntryPoint = "writev")]
    public static partial nint WriteVector(int fd, IoVector* vectors, int count);

    [LibraryImport(Library, EntryPoint = "ioctl")]
    public static partial int IoControl(int fd, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string type, ulong flags, string options);

    [LibraryImport(Library, EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);

    /// <summary>statx(2).</summary>
    [LibraryImport(Library, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Status(int directory, string path, int flags, uint mask, byte* status);

    [LibraryImport(Library, EntryPoint = "readlink", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ReadLink(string path, byte* buffer, nint size);

    [LibraryImport(Library, EntryPoint = "socketpair")]
    public static partial int SocketPair(int domain, int type, int protocol, int* pair);

    /// <summary>Unlike the descriptor it copies, the new one is inherited by child processes.</summary>
    [LibraryImport(Library, EntryPoint = "dup")]
    public static partial int Duplicate(int fd);

    [LibraryImport(Library, EntryPoint = "recvmsg")]
    public static partial nint ReceiveMessage(int fd, MessageHeader* message, int flags);

    /// <summary>unshare(2), of the calling thread.</summary>
    [LibraryImport(Library, EntryPoint = "unshare")]
    public static partial int Unshare(int what);

    [LibraryImport(Library, EntryPoint = "geteuid")]
    public static partial uint EffectiveUserId();

    [LibraryImport(Library, EntryPoint = "getegid")]
    public static partial uint EffectiveGroupId();

    /// <summary>For what has no function in the library.</summary>
    [LibraryImport(Library, EntryPoint = "syscall")]
    public static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);

    // Younger than the C library of some systems that have the kernel for them; the numbers are the same on every architecture.
    private const nint OpenTreeCall = 428;
    private const nint MoveMountCall = 429;
    private const nint OpenFilesystemCall = 430;
    private const nint ConfigureFilesystemCall = 431;
    private const nint MakeMountCall = 432;

    /// <summary>fsopen(2).</summary>
    public static int OpenFilesystem(string type, int flags) => (int)SystemCall(OpenFilesystemCall, type, flags);

    /// <summary>fsconfig(2) without an auxiliary value.</summary>
    public static int ConfigureFilesystem(int context, int command, string? key, string? value) => (int)SystemCall(ConfigureFilesystemCall, context, command, key, value, 0);

    /// <summary>fsmount(2).</summary>
    public static int MakeMount(int context, int flags, int attributes) => (int)SystemCall(MakeMountCall, context, flags, attributes, 0, 0, 0);

    /// <summary>open_tree(2).</summary>
    public static int OpenTree(int directory, string path, int flags) => (int)SystemCall(OpenTreeCall, directory, path, flags);

    /// <summary>move_mount(2).</summary>
    public static int MoveMount(int from, string fromPath, int to, string toPath, int flags) => (int)SystemCall(MoveMountCall, from, fromPath, to, toPath, flags);

    [LibraryImport(Library, EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SystemCall(nint number, string text, nint flags);

    [LibraryImport(Library, EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SystemCall(nint number, nint descriptor, string text, nint flags);

    [LibraryImport(Library, EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SystemCall(nint number, nint descriptor, nint command, string? key, string? value, nint auxiliary);

    [LibraryImport(Library, EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SystemCall(nint number, nint first, string firstText, nint second, string secondText, nint flags);

    [LibraryImport(Library, EntryPoint = "mmap")]
    public static partial void* Map(void* start, nint length, int protection, int flags, int fd, nint offset);

    [LibraryImport(Library, EntryPoint = "munmap")]
    public static partial int Unmap(void* start, nint length);

    [LibraryImport(Library, EntryPoint = "eventfd")]
    public static partial int EventDescriptor(uint initial, int flags);

    /// <summary>Keeps the calling thread on one processor. Where that is not allowed it runs anywhere.</summary>
    public static void StayOn(int processor)
    {
        const int words = 16;
        var mask = stackalloc ulong[words];
        if (processor >= words * 64) return;
        mask[processor / 64] = 1UL << (processor % 64);
        _ = SetAffinity(0, words * sizeof(ulong), mask);
    }

    [LibraryImport(Library, EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nint size, ulong* mask);

    /// <summary>getpriority(2); of the calling thread for (0, 0).</summary>
    [LibraryImport(Library, EntryPoint = "getpriority")]
    public static partial int GetPriority(int which, uint who);

    /// <summary>struct sched_attr of linux/sched/types.h, version 1.</summary>
    public struct SchedulingAttributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
        public uint LeastUtilization;
        public uint MostUtilization;
    }

    /// <summary>struct iovec.</summary>
    public struct IoVector
    {
        public void* Base;
        public nint Length;
    }

    /// <summary>struct msghdr of 64-bit Linux.</summary>
    public struct MessageHeader
    {
        public void* Name;
        public ulong NameLength;
        public IoVector* Vectors;
        public nint VectorCount;
        public void* Control;
        public nint ControlLength;
        public int Flags;
        public int Padding;
    }
}
