using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Core;

/// <summary>
/// Makes what was written survive a power cut, or says that it does not: the runtime's own flushes return as if all were well when the kernel could not write. The kernel tells of a
/// failure once and then takes what it lost for written, so who is told must not try again and believe it.
/// </summary>
public static partial class Durable
{
    // open(2) of Linux on x86-64 and arm64, where they agree.
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;

    /// <summary>fdatasync(2): the bytes, and of the metadata what is needed to read them.</summary>
    /// <exception cref="IOException">It is not certain that they are on disk. HResult is the errno.</exception>
    public static void Flush(SafeFileHandle file, string path)
    {
        if (fdatasync(file) != 0) throw Failure("fdatasync", path);
    }

    /// <summary>As <see cref="Flush(SafeFileHandle, string)"/>, with what the stream still had in memory.</summary>
    /// <exception cref="IOException">It is not certain that the bytes are on disk.</exception>
    public static void Flush(FileStream file)
    {
        file.Flush();
        Flush(file.SafeFileHandle, file.Name);
    }

    /// <summary>fsync(2) of a directory: its names survive a power cut. The runtime opens no directories.</summary>
    /// <exception cref="IOException">It is not certain that they are on disk.</exception>
    public static void FlushDirectory(string path)
    {
        using var directory = open(path, ReadOnly | CloseOnExec);
        if (directory.IsInvalid) throw Failure("open", path);
        if (fsync(directory) != 0) throw Failure("fsync", path);
    }

    private static IOException Failure(string call, string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new IOException($"{call} of '{path}' failed: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle handle);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle handle);
}
