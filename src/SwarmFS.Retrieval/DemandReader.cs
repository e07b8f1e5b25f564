using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>Fetches blocks that somebody waits for, again and again until the attempt is over.</summary>
internal sealed class DemandReader(BlockFetcher fetcher, RetrievalOptions options, TimeProvider time, RetrievalMetrics metrics, ILogger logger)
{
    /// <summary>Returns when each of the blocks has arrived or was found at hand.</summary>
    /// <param name="wanted">Is emptied.</param>
    /// <param name="use">Is given each block that arrived; those found at hand are not given. The block is not its own.</param>
    /// <exception cref="ContentUnavailableException">Not in time.</exception>
    public async Task ObtainAsync(RootAccount account, List<WantedBlock> wanted, FetchPriority priority, ReadAttempt attempt, Action<Block>? use)
    {
        metrics.Misses.Add(1);
        account.BeginWait();
        try
        {
            while (wanted.Count > 0)
            {
                var before = wanted.Count;
                await AskOnceAsync(account, wanted, priority, attempt, use);
                if (wanted.Count == 0) return;
                if (attempt.IsOver || !fetcher.HasSources) throw attempt.Failure(account.Root, wanted[0].Cid);
                if (wanted.Count == before) await Task.Delay(options.RetryPause, time, attempt.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw Report(attempt.Failure(account.Root, wanted[0].Cid), account, wanted.Count, attempt);
        }
        catch (ContentUnavailableException error)
        {
            throw Report(error, account, wanted.Count, attempt);
        }
        finally
        {
            account.EndWait();
        }
    }

    private async Task AskOnceAsync(RootAccount account, List<WantedBlock> wanted, FetchPriority priority, ReadAttempt attempt, Action<Block>? use)
    {
        using var wait = fetcher.Ask(account, wanted, priority, attempt.Deadline, keep: use is not null);
        List<WantedBlock> lost = [];
        for (var i = 0; i < wanted.Count; i++)
        {
            bool arrived;
            try
            {
                arrived = await wait.ArrivedAsync(i, attempt.Token);
            }
            finally
            {
                attempt.Explanation = wait.Explanation(i) ?? attempt.Explanation;
            }
            if (arrived)
            {
                if (wait.Arrived(i) is { } block) use?.Invoke(block);
                // Thirty readers that each held a mebibyte until their last block came would be most of the memory.
                wait.Done(i);
                continue;
            }
            lost.Add(wanted[i]);
        }
        wanted.Clear();
        wanted.AddRange(lost);
    }

    private Exception Report(Exception failure, RootAccount account, int missing, ReadAttempt attempt)
    {
        if (failure is not ContentUnavailableException) return failure;
        metrics.Failures.Add(1);
        logger.Unavailable(missing, account.Root.ToShortString(), attempt.Explanation);
        return failure;
    }
}
