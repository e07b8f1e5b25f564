using System.Runtime.InteropServices;

namespace SwarmFS.Cli.Commands;

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

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ExecuteVector(string path, nint[] arguments);
}
