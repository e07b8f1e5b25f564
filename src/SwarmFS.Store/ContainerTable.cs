using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Store;

/// <summary>All data files by number, and the clock that orders their use.</summary>
internal sealed class ContainerTable
{
    private readonly ConcurrentDictionary<int, Container> _containers = new();
    private int _lastId;
    private long _ticks;
    private int _packs;
    private int _files;

    /// <summary>A number that no file has and that was not used since the store was opened: a place in the index never comes to mean another.</summary>
    public int NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Makes sure that <see cref="NextId"/> goes on above this number.</summary>
    public void Reserve(int id) => _lastId = Math.Max(_lastId, id);

    /// <summary>Advances with each file that is made or opened, so that age is counted in files, not in hours.</summary>
    public long Tick() => Interlocked.Increment(ref _ticks);

    public long Now => Volatile.Read(ref _ticks);

    /// <summary>Adds a file, or replaces the one of this number: an import that became a flat file.</summary>
    public void Add(Container container)
    {
        container.LastUsed = Tick();
        if (!_containers.ContainsKey(container.Id)) Interlocked.Increment(ref CountOf(container));
        _containers[container.Id] = container;
    }

    public bool TryGet(int id, [NotNullWhen(true)] out Container? container) => _containers.TryGetValue(id, out container);

    /// <summary>Removes this file, and no other that took its place.</summary>
    public void Remove(Container container)
    {
        if (_containers.TryRemove(KeyValuePair.Create(container.Id, container))) Interlocked.Decrement(ref CountOf(container));
    }

    public int Packs => Volatile.Read(ref _packs);

    public int Files => Volatile.Read(ref _files);

    private ref int CountOf(Container container)
    {
        if (container is Pack) return ref _packs;
        return ref _files;
    }

    public ICollection<Container> Snapshot() => _containers.Values;
}
