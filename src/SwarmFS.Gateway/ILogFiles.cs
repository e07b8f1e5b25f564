namespace SwarmFS.Gateway;

/// <summary>The files of one log (CATALOG.md, "Files of a log"). Safe from any thread.</summary>
public interface ILogFiles
{
    /// <param name="path">One of <c>checkpoint</c>, <c>head</c>, <c>head.tlog-proof</c> and the paths of tiles, already checked for its form.</param>
    /// <param name="content">Stays as it is; it is not returned to anybody.</param>
    /// <exception cref="IOException">It is there and cannot be read.</exception>
    bool TryRead(string path, out ReadOnlyMemory<byte> content);
}
