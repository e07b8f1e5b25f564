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

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ExecuteVector(string path, nint[] arguments);
}
