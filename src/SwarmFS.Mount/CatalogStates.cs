using System.Diagnostics.CodeAnalysis;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>Which state of the catalogue a number belongs to; one that must be asked for first parks the request.</summary>
internal sealed class CatalogStates(CurrentStates current, PastStates past, Parking parking)
{
    public CurrentStates Current { get; } = current;

    public bool TryGet(ref FuseRequest request, NodeNumber number, [NotNullWhen(true)] out CatalogState? state, out FuseResult otherwise)
    {
        otherwise = FuseResult.Error(Errno.ESTALE);
        if (number.Kind is NodeKind.Moment or NodeKind.PastName or NodeKind.PastLatest or NodeKind.PastUnresolved)
            return TryGetPast(ref request, number.Moment, out state, ref otherwise);
        state = Current.Get();
        return true;
    }

    private bool TryGetPast(ref FuseRequest request, Moment moment, [NotNullWhen(true)] out CatalogState? state, ref FuseResult otherwise)
    {
        var answer = past.Find(moment, out var found);
        state = found;
        if (answer == MomentAnswer.Unknown) otherwise = parking.ForMoment(ref request, moment, past);
        return state is not null;
    }
}
