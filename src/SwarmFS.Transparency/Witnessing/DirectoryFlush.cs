using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Transparency;

/// <summary>fsync(2) of a directory, which makes a rename in it last; the runtime opens no directories.</summary>
internal static partial class DirectoryFlush
{
    // open(2) of Linux on x86-64 and arm64, where they agree.
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;

    /// <exception cref="IOException">It is not certain that the directory is on disk.</exception>
    internal static void ToDisk(string directory)
    {
        using var handle = Open(directory, ReadOnly | CloseOnExec);
        if (handle.IsInvalid || Sync(handle) != 0)
            throw new IOException($"The directory {directory} could not be flushed to disk: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle handle);
}
