using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>The followed logs, and the announcements of them that wait: each until it was looked at, also when that fails. Offering is safe from any thread; rounds are run one at a time.</summary>
internal sealed class LogFollowers(IReadOnlyList<FollowedLog> logs, ILogger log) : IDisposable
{
    /// <summary>Announcements that wait for one log: the newest, and what may show a fork. An older one beyond it is dropped; peers bring it again.</summary>
    private const int WaitingMax = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<FollowedLog, List<CheckpointAnnouncement>> _waiting = logs.ToDictionary(one => one, _ => new List<CheckpointAnnouncement>());
    private readonly Dictionary<FollowedLog, string> _reasons = [];

    public IReadOnlyList<FollowedLog> Logs => logs;

    /// <summary>Why the last announcement of a log was not taken up; null when it was.</summary>
    public string? ReasonOf(FollowedLog followed)
    {
        lock (_gate) return _reasons.GetValueOrDefault(followed);
    }

    /// <param name="announcement">Its signature has been verified.</param>
    /// <returns>False when it says nothing new, or is of none of the logs: no round is needed for it.</returns>
    public bool Offer(CheckpointAnnouncement announcement)
    {
        if (logs.FirstOrDefault(one => one.Log.Key.Equals(announcement.Log)) is not { } followed || followed.Knows(announcement)) return false;
        lock (_gate)
        {
            var waiting = _waiting[followed];
            waiting.Add(announcement);
            if (waiting.Count > WaitingMax) waiting.RemoveAt(0);
        }
        return true;
    }

    /// <returns>False when something could not be had: it waits for another round.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var rounds = await Task.WhenAll(logs.Select(followed => RunAsync(followed, cancellationToken)));
        return Array.TrueForAll(rounds, isDone => isDone);
    }

    private async Task<bool> RunAsync(FollowedLog followed, CancellationToken cancellationToken)
    {
        var isDone = true;
        try
        {
            if (followed.IsIncomplete) await followed.CompleteAsync(cancellationToken);
        }
        catch (Exception e) when (IsForLater(e))
        {
            isDone = Explain(followed, e.Message);
        }
        foreach (var announcement in Waiting(followed))
        {
            try
            {
                var result = await followed.AdvanceAsync(announcement, cancellationToken);
                lock (_gate) _waiting[followed].Remove(announcement);
                if (result.Outcome == FollowOutcome.Advanced) CatalogLog.Followed(log, followed.Log.Name, followed.Entries);
                Explain(followed, result.Outcome is FollowOutcome.Garbage or FollowOutcome.NotWitnessed or FollowOutcome.Forked ? result.Reason : null);
            }
            catch (Exception e) when (IsForLater(e))
            {
                isDone = Explain(followed, e.Message);
            }
        }
        return isDone;
    }

    private CheckpointAnnouncement[] Waiting(FollowedLog followed)
    {
        lock (_gate) return [.. _waiting[followed]];
    }

    /// <summary>Nobody has the entries now, or the disk takes nothing for the moment.</summary>
    private static bool IsForLater(Exception failure) => failure is ContentUnavailableException or IOException;

    /// <returns>False, for a round that is not done.</returns>
    private bool Explain(FollowedLog followed, string? reason)
    {
        lock (_gate)
        {
            if (reason is null) _reasons.Remove(followed);
            else _reasons[followed] = reason;
        }
        if (reason is not null) CatalogLog.NotFollowed(log, followed.Log.Name, reason);
        return false;
    }

    public void Dispose()
    {
        foreach (var followed in logs) followed.Dispose();
    }
}
