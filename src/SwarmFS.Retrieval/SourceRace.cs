using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// Asks the sources for a batch: the first one at once, each further one when those before it have given up or used their head start. The first delivery of a block counts.
/// A source that throws has broken its promise: it is logged and taken for one that has nothing.
/// </summary>
internal sealed class SourceRace(IReadOnlyList<IBlockSource> sources, RetrievalOptions options, TimeProvider time, RetrievalMetrics metrics, ILogger logger)
{
    public int Count => sources.Count;

    /// <summary>Until everything was delivered, nobody wants it any more, or each source has given up; what those say stands in the batch at once.</summary>
    public async Task FetchAsync(FetchBatch batch, Func<FetchBatch, List<Cid>> undelivered)
    {
        if (sources.Count == 0) batch.Explain("no source is configured");
        List<Task> asked = [];
        foreach (var source in sources)
        {
            // Before it is looked what is left: whoever lands the last block then either leaves nothing to ask for, or ends the race.
            batch.IsRaced = asked.Count > 0;
            var blocks = undelivered(batch);
            if (blocks.Count == 0) break;
            asked.Add(AskAsync(source, blocks, batch));
            if (asked.Count < sources.Count) await HeadStartAsync(asked, batch.Over);
        }
        await Task.WhenAll(asked);
    }

    /// <summary>A tree streamed by the first source that sends any of it; what is missing afterwards is asked for by CID.</summary>
    /// <returns>Null, or what the sources said.</returns>
    public async Task<string?> FetchTreeAsync(TreeRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        string? explanation = null;
        foreach (var source in sources)
        {
            metrics.Requests.Add(1);
            try
            {
                var result = await source.FetchTreeAsync(request, sink, cancellationToken);
                if (result.Delivered > 0) return null;
                explanation = explanation is null ? Line(source, result.Explanation) : explanation + "; " + Line(source, result.Explanation);
            }
            catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                logger.SourceFailed(error, source.Name, request.Root.ToShortString());
                explanation = Line(source, error.Message);
            }
        }
        return explanation ?? "no source is configured";
    }

    public void Raise(IReadOnlyList<Cid> blocks, FetchPriority priority, long deadline)
    {
        foreach (var source in sources) source.Raise(blocks, priority, deadline);
    }

    private async Task AskAsync(IBlockSource source, List<Cid> blocks, FetchBatch batch)
    {
        metrics.Requests.Add(1);
        try
        {
            var result = await source.FetchAsync(new FetchRequest(batch.Account.Root, blocks, batch.Priority, batch.Deadline), batch, batch.Over);
            if (result.Missing > 0) batch.Explain(Line(source, result.Explanation));
        }
        catch (OperationCanceledException) when (batch.Over.IsCancellationRequested)
        {
            // Nothing more is wanted of it.
        }
        catch (Exception error)
        {
            logger.SourceFailed(error, source.Name, batch.Account.Root.ToShortString());
            batch.Explain(Line(source, error.Message));
        }
    }

    private async Task HeadStartAsync(List<Task> asked, CancellationToken over)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(over);
        var pause = Task.Delay(options.SourceHeadStart, time, enough.Token);
        await Task.WhenAny(Task.WhenAll(asked), pause);
        await enough.CancelAsync();
    }

    private static string Line(IBlockSource source, string? explanation) => $"{source.Name}: {explanation ?? "did not deliver"}";
}
