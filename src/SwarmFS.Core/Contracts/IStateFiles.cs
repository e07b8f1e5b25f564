using System.Collections.Concurrent;

namespace SwarmFS.Core;

/// <summary>Small files that a room remembers across restarts, each replaced as a whole: after a power cut it is the old or the new, never a mixture. Safe from any thread.</summary>
public interface IStateFiles
{
    /// <summary>The longest file in bytes.</summary>
    const int MaxLength = 1 << 20;

    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="IOException">It is there and cannot be read, or is longer than <see cref="MaxLength"/>.</exception>
    byte[]? Read(string name);

    /// <summary>Returns after it is durable.</summary>
    /// <param name="name">Letters, digits, '.', '-' and '_', a letter or digit first; one directory may stand before it, parted by '/'.</param>
    /// <exception cref="IOException">It is as it was before.</exception>
    void Replace(string name, ReadOnlySpan<byte> content);
}

/// <summary>State files without a disk.</summary>
public sealed class MemoryStateFiles : IStateFiles
{
    private readonly ConcurrentDictionary<string, byte[]> _files = new();

    public IReadOnlyCollection<string> Names => [.. _files.Keys];

    public byte[]? Read(string name) => _files.TryGetValue(name, out var content) ? content.ToArray() : null;

    public void Replace(string name, ReadOnlySpan<byte> content)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, IStateFiles.MaxLength, nameof(content));
        _files[name] = content.ToArray();
    }

    public bool Remove(string name) => _files.TryRemove(name, out _);
}
