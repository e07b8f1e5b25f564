using System.Diagnostics.CodeAnalysis;
using SwarmFS.Catalog;

namespace SwarmFS.Mount;

/// <summary>
/// Lets a listing that takes several requests go on in the catalogue state in which it began. An offset is generation × 2^32 + index; the generation counts the states in
/// which listings began. A listing slower than the last few changes goes on in the current state, where it may miss or repeat a name, as POSIX allows.
/// </summary>
internal sealed class ListedSnapshots(ICatalog catalog)
{
    /// <summary>States kept. They share almost everything with the current one; a listing of 60,000 names takes far less than four changes.</summary>
    private const int Kept = 4;

    private const int GenerationShift = 32;

    private readonly Lock _lock = new();
    private readonly ICatalogSnapshot?[] _snapshots = new ICatalogSnapshot?[Kept];
    private uint _newest;

    /// <summary>Splits a kernel's offset into the state it belongs to and the offset within.</summary>
    public ICatalogSnapshot Resume(ulong offset, out ulong within, out ulong generation)
    {
        within = offset & uint.MaxValue;
        var wanted = (uint)(offset >> GenerationShift);
        lock (_lock)
        {
            if (wanted != 0 && wanted <= _newest && _newest - wanted < Kept && _snapshots[wanted % Kept] is { } kept)
            {
                generation = (ulong)wanted << GenerationShift;
                return kept;
            }
            var current = catalog.Current;
            if (_newest == 0 || !ReferenceEquals(_snapshots[_newest % Kept], current))
            {
                _newest = (_newest + 1) & int.MaxValue;
                _snapshots[_newest % Kept] = current;
            }
            generation = (ulong)_newest << GenerationShift;
            return current;
        }
    }
}
