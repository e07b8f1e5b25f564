using System.Collections.Concurrent;

namespace SwarmFS.Transparency;

/// <summary>
/// What a witness must not forget: the last checkpoint that it cosigned, per origin. One witness uses a store, and asks for one origin from one thread at a time.
/// </summary>
public interface IWitnessStore
{
    /// <summary>The note last written for this origin; null when there was none.</summary>
    /// <exception cref="IOException">It cannot be told; nothing may be cosigned.</exception>
    byte[]? Read(string origin);

    /// <summary>Survives a power cut when it returns.</summary>
    /// <exception cref="IOException">It may or may not have been written.</exception>
    void Write(string origin, ReadOnlySpan<byte> note);
}

/// <summary>A store without a disk: for tests, and for a witness whose word ends with its process.</summary>
public sealed class MemoryWitnessStore : IWitnessStore
{
    private readonly ConcurrentDictionary<string, byte[]> _notes = [];

    public byte[]? Read(string origin) => _notes.GetValueOrDefault(origin);

    public void Write(string origin, ReadOnlySpan<byte> note) => _notes[origin] = note.ToArray();
}
