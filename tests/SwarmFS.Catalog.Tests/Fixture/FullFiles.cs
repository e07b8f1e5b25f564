using SwarmFS.Core;

namespace SwarmFS.Catalog.Tests;

/// <summary>State files on a disk that can be full.</summary>
internal sealed class FullFiles : IStateFiles
{
    private readonly MemoryStateFiles _files = new();

    public bool IsFull { get; set; }

    public byte[]? Read(string name) => _files.Read(name);

    public void Replace(string name, ReadOnlySpan<byte> content)
    {
        if (IsFull) throw new IOException("No space left on device.");
        _files.Replace(name, content);
    }
}
