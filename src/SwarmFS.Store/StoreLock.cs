using System.Text;

namespace SwarmFS.Store;

/// <summary>One process per directory: an exclusive flock(2) on a file that names the process. The lock ends with the process, however it ends.</summary>
internal sealed class StoreLock : IDisposable
{
    public const string Name = "lock";
    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    /// <exception cref="StoreUnusableException">Another process has it.</exception>
    public static StoreLock Take(string directory)
    {
        var path = Path.Combine(directory, Name);
        FileStream file;
        try
        {
            file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (IOException inUse)
        {
            throw new StoreUnusableException(
                $"The store in '{directory}' is in use by process {OwnerOf(path)}. Stop that node, or give this one a directory of its own (--state).", inUse);
        }
        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
        file.Flush();
        return new StoreLock(file);
    }

    // Not by a FileStream: that would ask for a lock of its own.
    private static string OwnerOf(string path)
    {
        try
        {
            using var file = Interop.Open(path, Interop.ReadOnly);
            Span<byte> text = stackalloc byte[16];
            var length = RandomAccess.Read(file, text, 0);
            return length > 1 ? Encoding.ASCII.GetString(text[..(length - 1)]) : "(unknown)";
        }
        catch (IOException)
        {
            return "(unknown)";
        }
    }

    public void Dispose() => _file.Dispose();
}
