using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>
/// A witness's memory in a directory: per origin one file, named by the hex SHA-256 of the origin, which is the note itself. A new note replaces the old one whole: written beside it, flushed,
/// renamed, and the directory flushed, so that no power cut brings an older one back. The directory is locked while the store lives.
/// </summary>
public sealed class FileWitnessStore : IWitnessStore, IDisposable
{
    private const string LockName = "lock";
    private const string TemporarySuffix = ".new";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _directory;
    private readonly FileStream _lock;

    /// <summary>Makes the directory where it is missing.</summary>
    /// <exception cref="IOException">It cannot be made, or another witness has it open.</exception>
    public FileWitnessStore(string directory)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly };
        _lock = new FileStream(Path.Join(directory, LockName), options);
    }

    private string PathOf(string origin) => Path.Join(_directory, Sha256Digest.Of(StrictText.ToBytes(origin)).ToString());

    public byte[]? Read(string origin)
    {
        var path = PathOf(origin);
        return File.Exists(path) ? File.ReadAllBytes(path) : null;
    }

    public void Write(string origin, ReadOnlySpan<byte> note)
    {
        var path = PathOf(origin);
        using (var file = new FileStream(path + TemporarySuffix, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            file.Write(note);
            Durable.Flush(file);
        }
        File.Move(path + TemporarySuffix, path, overwrite: true);
        Durable.FlushDirectory(_directory);
    }

    public void Dispose() => _lock.Dispose();
}
