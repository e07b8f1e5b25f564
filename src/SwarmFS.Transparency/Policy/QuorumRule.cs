namespace SwarmFS.Transparency;

/// <summary>Which witnesses must have cosigned: one, or so many members of a group. A tree, since each name is a member once at most.</summary>
internal abstract class QuorumRule
{
    /// <summary>The newest instant t at which the rule holds by cosignatures of t and later alone; null when all together do not meet it.</summary>
    internal abstract DateTimeOffset? MetSince(IReadOnlyDictionary<VerifierKey, DateTimeOffset> cosignatures);
}

internal sealed class WitnessRule(VerifierKey key) : QuorumRule
{
    internal override DateTimeOffset? MetSince(IReadOnlyDictionary<VerifierKey, DateTimeOffset> cosignatures) =>
        cosignatures.TryGetValue(key, out var time) ? time : null;
}

/// <param name="threshold">1 up to the number of members.</param>
internal sealed class GroupRule(int threshold, IReadOnlyList<QuorumRule> members) : QuorumRule
{
    internal override DateTimeOffset? MetSince(IReadOnlyDictionary<VerifierKey, DateTimeOffset> cosignatures)
    {
        var times = members.Select(member => member.MetSince(cosignatures)).OfType<DateTimeOffset>().OrderDescending().ToList();
        return times.Count >= threshold ? times[threshold - 1] : null;
    }
}
