using Microsoft.Extensions.Logging;

namespace SwarmFS.Daemon.State;

/// <summary>
/// Keeps the log of a detached node from growing for ever: what is above the bound becomes the one older log beside it. Copied and emptied rather than renamed, because descriptors
/// that append to the file lie in this process and in its children.
/// </summary>
internal sealed class BoundedLog : IDisposable
{
    public const long MaxBytes = 16 << 20;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly string _path;
    private readonly ILogger _log;
    private readonly ITimer? _timer;

    /// <param name="path">Watched only when this process writes its standard error there.</param>
    public BoundedLog(string path, TimeProvider time, ILogger log)
    {
        _path = path;
        _log = log;
        if (IsStandardError(path)) _timer = time.CreateTimer(_ => Check(), null, TimeSpan.Zero, Every);
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>Where the disk is full, the older part is given up: the log is what filled it, or would.</summary>
    internal void Check()
    {
        var older = _path + ".1";
        try
        {
            using var current = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (current.Length <= MaxBytes) return;
            Copy(current, older);
            current.SetLength(0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.LogNotBounded(_path, e.Message);
        }
    }

    private static void Copy(FileStream current, string older)
    {
        try
        {
            using var copy = new FileStream(older, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            current.CopyTo(copy);
        }
        catch (IOException)
        {
            File.Delete(older);
        }
    }

    private static bool IsStandardError(string path)
    {
        try
        {
            return File.ResolveLinkTarget("/proc/self/fd/2", returnFinalTarget: false)?.FullName == Path.GetFullPath(path);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
