using SwarmFS.Catalog;

namespace SwarmFS.Mount;

/// <summary>What is known of a moment without asking the catalogue.</summary>
internal enum MomentAnswer
{
    Unknown,
    Present,
    Absent,
}

/// <summary>
/// The states of the past that are being looked at, a few at a time; one that was forgotten is asked for again, and its numbers mean the same.
/// A day that is not over shows the newest state that can no longer change, under numbers of that state: when something changes, the names below the day become other inodes.
/// </summary>
internal sealed class PastStates(ICatalog catalog, TimeSpan timeout, TimeProvider time)
{
    /// <summary>States kept. Each is the catalogue's own snapshot, some megabytes, of which neighbours share most.</summary>
    private const int Kept = 8;

    /// <summary>Positions of the two directories above the names, in their numbers.</summary>
    public const int OfMoment = 0;
    public const int OfNames = 1;

    /// <summary>How long after a second the catalogue may still record a change in it.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>How long the newest state of an unfinished day is taken for the newest.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Moment, (PastState State, long Used)> _kept = [];
    private readonly Absences _absences = new(time);
    private volatile Today? _today;

    private sealed record Today(Moment Day, PastState State, long Timestamp);

    /// <summary>True when nothing can change any more in what the moment shows.</summary>
    public bool IsOver(Moment moment) => time.GetUtcNow() - Settling >= moment.Time;

    /// <summary>The state shown last for a day that is not over.</summary>
    public PastState? NewestOf(Moment day) => _today is { } today && today.Day == day ? today.State : null;

    public MomentAnswer Find(Moment moment, out PastState? state)
    {
        state = null;
        if (!MayExist(moment)) return MomentAnswer.Absent;
        if (moment.IsWholeDay && !IsOver(moment))
        {
            if (_today is { } today && today.Day == moment && time.GetElapsedTime(today.Timestamp) < Freshness) state = today.State;
        }
        else
        {
            lock (_lock)
            {
                if (_kept.TryGetValue(moment, out var kept)) _kept[moment] = (state = kept.State, time.GetTimestamp());
            }
        }
        return state is not null ? MomentAnswer.Present
            : _absences.Contains(Key(moment)) ? MomentAnswer.Absent
            : MomentAnswer.Unknown;
    }

    /// <summary>What is before the first day or in the future is not asked for. The days listed are over: when there is none, the first may be today.</summary>
    private bool MayExist(Moment moment)
    {
        var now = time.GetUtcNow();
        var days = catalog.Moments;
        var first = days.Count > 0 && Moment.TryParse(days[0], out var listed) ? listed : Moment.DayOf(now);
        if (moment.Day < first.Day) return false;
        return moment.IsWholeDay ? moment.Day <= Moment.DayOf(now).Day : moment.Time <= now;
    }

    /// <summary>Asks the catalogue; <see cref="Find"/> then knows.</summary>
    public async Task AskAsync(Moment moment, CancellationToken cancellationToken)
    {
        if (moment.IsWholeDay && !IsOver(moment))
        {
            await AskTodayAsync(moment, cancellationToken);
            return;
        }
        if (moment.Time - (time.GetUtcNow() - Settling) is var wait && wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken);
        var snapshot = await catalog.AtAsync(moment.ToString(), cancellationToken);
        if (snapshot is null) _absences.Add(Key(moment));
        else Keep(moment, snapshot);
    }

    private async Task AskTodayAsync(Moment day, CancellationToken cancellationToken)
    {
        var instant = new Moment((uint)(time.GetUtcNow() - Settling).ToUnixTimeSeconds(), IsDay: false);
        var snapshot = await catalog.AtAsync(instant.ToString(), cancellationToken);
        if (snapshot is null) _absences.Add(Key(day));
        else _today = new Today(day, Keep(LastChange(snapshot, instant), snapshot), time.GetTimestamp());
    }

    /// <summary>The same state has the same numbers as long as nothing changes, however often the day is looked at.</summary>
    private static Moment LastChange(ICatalogSnapshot snapshot, Moment instant)
    {
        var changed = (long)Math.Ceiling((snapshot.Changed - DateTimeOffset.UnixEpoch).TotalSeconds);
        var moment = new Moment((uint)Math.Clamp(changed, 0, instant.Seconds), IsDay: true);
        return moment.IsWholeDay ? moment with { Seconds = moment.Seconds + 1 } : moment;
    }

    private PastState Keep(Moment moment, ICatalogSnapshot snapshot)
    {
        var isFinal = moment.IsWholeDay || !moment.IsDay;
        var shownBelow = isFinal ? moment : Moment.DayOf(time.GetUtcNow());
        var names = NodeNumber.OfPast(NodeKind.Moment, shownBelow, OfNames, 0);
        lock (_lock)
        {
            if (_kept.TryGetValue(moment, out var kept) && kept.State.Names == names) return kept.State;
            if (_kept.Count >= Kept) _kept.Remove(_kept.MinBy(pair => pair.Value.Used).Key);
            var state = new PastState(snapshot, moment, names, isFinal ? TimeSpan.MaxValue : timeout);
            _kept[moment] = (state, time.GetTimestamp());
            return state;
        }
    }

    private static NodeNumber Key(Moment moment) => NodeNumber.OfPast(NodeKind.Moment, moment, OfMoment, 0);
}
