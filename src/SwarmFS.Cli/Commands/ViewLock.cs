namespace SwarmFS.Cli.Commands;

/// <summary>
/// One view at a time is looked for and made: the kernel lays a second mount of the same image on the first without a word. The lock is a file in the node's directory and ends with
/// whoever has it.
/// </summary>
internal static class ViewLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until nobody else has it.</summary>
    /// <returns>Null where there is no such directory, and so no node to ask.</returns>
    /// <exception cref="IOException">The directory belongs to somebody else, or the file cannot be made.</exception>
    public static async Task<IDisposable?> TakeAsync(string stateDirectory, CancellationToken cancellationToken)
    {
        var path = Path.Join(stateDirectory, "view.lock");
        while (true)
        {
            try
            {
                return new FileStream(path, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.None,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
            }
            catch (DirectoryNotFoundException)
            {
                return null;
            }
            catch (UnauthorizedAccessException e)
            {
                throw new IOException($"The state directory {stateDirectory} belongs to another user. Run the command as that user, or with sudo.", e);
            }
            catch (IOException e) when (e.HResult == Interop.WouldBlock)
            {
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }
        }
    }
}
