using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Store;

/// <summary>All data files by number, and the clock that orders their use.</summary>
internal sealed class ContainerTable
{
    private readonly ConcurrentDictionary<int, Container> _containers = new();
    private int _lastId;
    private long _ticks;

    /// <summary>A number that no file has and that was not used since the store was opened: a place in the index never comes to mean another.</summary>
    public int NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Makes sure that <see cref="NextId"/> goes on above this number.</summary>
    public void Reserve(int id) => _lastId = Math.Max(_lastId, id);

    /// <summary>Advances with each file that is made or opened, so that age is counted in files, not in hours.</summary>
    public long Tick() => Interlocked.Increment(ref _ticks);

    public long Now => Volatile.Read(ref _ticks);

    public void Add(Container container)
    {
        container.LastUsed = Tick();
        _containers[container.Id] = container;
    }

    public bool TryGet(int id, [NotNullWhen(true)] out Container? container) => _containers.TryGetValue(id, out container);

    public void Remove(Container container) => _containers.TryRemove(container.Id, out _);

    public ICollection<Container> Snapshot() => _containers.Values;
}
