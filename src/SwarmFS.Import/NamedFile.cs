using System.Runtime.InteropServices;
using System.Text;

namespace SwarmFS.Import;

/// <summary>
/// Files that a person names to the node. It reads regular ones alone: the opening of a FIFO waits until somebody writes into it, which nothing here could end, and a device has no length.
/// </summary>
public static class NamedFile
{
    /// <summary>Waits for nobody.</summary>
    /// <exception cref="IOException">It cannot be opened, or is no regular file. The message says why and leaves the name to whoever was given it.</exception>
    public static FileStream Open(string path)
    {
        var file = LinuxInterop.OpenFile(Encoding.UTF8.GetBytes(path));
        if (file.IsInvalid) throw new IOException($"{Marshal.GetLastPInvokeErrorMessage()}.");
        if (LinuxInterop.TryStatus(file, [], out var status) && status.Kind == LinuxInterop.KindFile) return new FileStream(file, FileAccess.Read, bufferSize: 64 << 10);
        file.Dispose();
        throw new IOException("It is no regular file.");
    }
}
