using System.Runtime.InteropServices;

namespace SwarmFS.Daemon;

/// <summary>The C library's calls that .NET does not offer.</summary>
internal static partial class Interop
{
    /// <summary>EROFS, as an exception's HResult has it.</summary>
    public const int ReadOnlyFileSystem = 30;

    /// <summary>umask(2): permissions that new files do not get. Cannot fail.</summary>
    [LibraryImport("libc", EntryPoint = "umask")]
    public static partial uint SetUmask(uint mask);
}
