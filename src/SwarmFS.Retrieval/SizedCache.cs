using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>Values by CID within a bound on their summed sizes; the least recently used go first. A lookup takes no lock and allocates nothing.</summary>
internal sealed class SizedCache<TValue>(long capacity)
    where TValue : class
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<Cid, Entry> _entries = [];
    private long _size;
    private long _clock;

    public long Size => Interlocked.Read(ref _size);

    public ICollection<Entry> Entries => _entries.Values;

    public bool TryGet(in Cid key, [NotNullWhen(true)] out TValue? value)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            value = null;
            return false;
        }
        // Two threads may write the same tick: the order of use need not be exact.
        entry.LastUse = ++_clock;
        value = entry.Value;
        return true;
    }

    /// <summary>Adds the value, or returns the one that is there. A value larger than the whole cache is kept alone.</summary>
    public TValue GetOrAdd(in Cid key, TValue value, long size)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var known)) return known.Value;
            if (_size + size > capacity) MakeRoom(size);
            _entries[key] = new Entry(value, size) { LastUse = ++_clock };
            Interlocked.Add(ref _size, size);
            return value;
        }
    }

    public void Remove(in Cid key)
    {
        lock (_gate)
        {
            if (_entries.TryRemove(key, out var entry)) Interlocked.Add(ref _size, -entry.Size);
        }
    }

    // An eighth more than needed, so that a full cache is not sorted at every addition.
    private void MakeRoom(long size)
    {
        var target = Math.Max(0, capacity - size - (capacity / 8));
        foreach (var (key, entry) in _entries.OrderBy(pair => pair.Value.LastUse).ToArray())
        {
            if (_size <= target) return;
            _entries.TryRemove(key, out _);
            Interlocked.Add(ref _size, -entry.Size);
        }
    }

    public sealed class Entry(TValue value, long size)
    {
        public TValue Value { get; } = value;

        public long Size { get; } = size;

        public long LastUse { get; set; }
    }
}
