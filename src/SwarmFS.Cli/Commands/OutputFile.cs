using System.Runtime.InteropServices;

namespace SwarmFS.Cli.Commands;

/// <summary>
/// The file that a person names for what a command fetches or makes.
/// <code>
/// nothing there           made
/// a regular file          replaced at the end, so that who looks sees the whole file or the old one; keeps its mode, and its owner where that is allowed
/// a symlink               left; what it leads to is the file
/// a directory             refused
/// anything else           written into: a device, a FIFO
/// </code>
/// </summary>
internal static class OutputFile
{
    private const UnixFileMode Permissions =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>For what has to be a file afterwards, and so is not written into a device or a FIFO.</summary>
    /// <exception cref="IOException">Something else than a regular file is there.</exception>
    public static void RequireRegular(string path)
    {
        if (Interop.Status(path) is { IsRegular: false }) throw new IOException($"{path} is no regular file. Name one, or a new one.");
    }

    /// <param name="write">Writes the content; gives its length.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static async Task<long> WriteAsync(string path, Func<FileStream, Task<long>> write)
    {
        var there = Interop.Status(path);
        if (there is { IsDirectory: true }) throw new IOException($"{path} is a directory. Name a file in it.");
        if (there is null or { IsRegular: true }) return await ReplaceAsync(Followed(path), there, write);
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        return await write(stream);
    }

    private static string Followed(string path) => new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;

    private static async Task<long> ReplaceAsync(string target, FileStatus? old, Func<FileStream, Task<long>> write)
    {
        // A name of its own: one made from the target's could be longer than a name may be.
        var partial = Path.Join(Path.GetDirectoryName(Path.GetFullPath(target)), $".{Path.GetRandomFileName()}.part");
        // Ctrl-C and SIGTERM end the work here; a terminal that is closed ends the process.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => File.Delete(partial));
        try
        {
            long length;
            await using (var stream = new FileStream(partial, FileMode.CreateNew, FileAccess.Write))
            {
                if (old is { } kept)
                {
                    Interop.GiveTo(stream.SafeFileHandle, kept.Uid, kept.Gid);
                    // Last, since a new owner takes bits away. Set-user-id was for what the file held before.
                    File.SetUnixFileMode(stream.SafeFileHandle, (UnixFileMode)kept.Mode & Permissions);
                }
                length = await write(stream);
            }
            File.Move(partial, target, overwrite: true);
            return length;
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}
