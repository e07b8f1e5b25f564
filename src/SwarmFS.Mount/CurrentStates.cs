using SwarmFS.Catalog;

namespace SwarmFS.Mount;

/// <summary>
/// The catalogue's current state, and the few before it in which a listing may still go on. An offset in a listing of names is generation × 2^32 + index; the generation counts the
/// states in which listings began. A listing slower than the last few changes goes on in the current state, where it may miss or repeat a name, as POSIX allows.
/// </summary>
internal sealed class CurrentStates(ICatalog catalog, GivenNumbers given, TimeSpan timeout)
{
    /// <summary>States kept for listings. They share almost everything with the current one; a listing of 60,000 names takes far less than four changes.</summary>
    private const int Kept = 4;

    private const int GenerationShift = 32;

    private readonly Lock _lock = new();
    private readonly ICatalogSnapshot?[] _listed = new ICatalogSnapshot?[Kept];
    private volatile CurrentState? _current;
    private uint _newest;

    public CurrentState Get()
    {
        var snapshot = catalog.Current;
        if (_current is { } known && ReferenceEquals(known.Snapshot, snapshot)) return known;
        lock (_lock)
        {
            if (_current is { } same && ReferenceEquals(same.Snapshot, snapshot)) return same;
            return _current = new CurrentState(snapshot, _current?.Made, given, timeout);
        }
    }

    /// <summary>Splits a kernel's offset into the state it belongs to and the offset within.</summary>
    public CurrentState Resume(ulong offset, out ulong within, out ulong generation)
    {
        within = offset & uint.MaxValue;
        var wanted = (uint)(offset >> GenerationShift);
        var current = Get();
        lock (_lock)
        {
            if (wanted != 0 && wanted <= _newest && _newest - wanted < Kept && _listed[wanted % Kept] is { } kept)
            {
                generation = (ulong)wanted << GenerationShift;
                return ReferenceEquals(kept, current.Snapshot) ? current : new CurrentState(kept, null, given, timeout);
            }
            if (_newest == 0 || !ReferenceEquals(_listed[_newest % Kept], current.Snapshot))
            {
                _newest = (_newest + 1) & int.MaxValue;
                _listed[_newest % Kept] = current.Snapshot;
            }
            generation = (ulong)_newest << GenerationShift;
            return current;
        }
    }
}
