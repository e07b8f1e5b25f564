using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>How far the fetch of a whole root has come.</summary>
/// <param name="Bytes">Of its files, a hard-link group counted once: at hand or arrived.</param>
public sealed record FetchProgress(Cid Root, long Bytes, long TotalBytes);

/// <summary>What became of the fetch of a whole root.</summary>
/// <param name="FetchedBlocks">Blocks that were missing and have arrived.</param>
/// <param name="UnkeptBlocks">Of those, the ones that the full store has no room for.</param>
/// <param name="MissingBlocks">Blocks that no source delivered; zero is success.</param>
/// <param name="Explanation">Null on success; otherwise who was asked and what became of it.</param>
public sealed record FetchReport(Cid Root, long TotalBytes, long FetchedBlocks, long FetchedBytes, long UnkeptBlocks, long MissingBlocks, string? Explanation);

/// <summary>What lately happened with one root.</summary>
/// <param name="Blocks">Delivered by sources since this process started.</param>
/// <param name="Bytes">Of those blocks.</param>
/// <param name="WaitingReads">Reads that wait for a source now.</param>
/// <param name="IsComplete">Every byte and directory of it is in the store.</param>
public sealed record RootActivity(Cid Root, long Blocks, long Bytes, int WaitingReads, bool IsComplete);

/// <summary>Fetches what is missing of a whole root, in canonical order, a few requests at a time, as long as anything arrives.</summary>
internal sealed class WholeFetch(
    BlocksAtHand blocks, LayoutLibrary layouts, DemandReader reader, RetrievalOptions options, TimeProvider time)
{
    // 4 requests of at most 512 blocks or 8 MiB: 32 MiB on their way keep a link busy, and a reader's demand still gets through.
    private const int Lanes = 4;
    private const int BlocksPerRequest = 512;
    private const long BytesPerRequest = 8L << 20;

    public async Task<FetchReport> RunAsync(RootAccount account, TreeTable tree, IProgress<FetchProgress>? progress, CancellationToken cancellationToken)
    {
        var job = new Job(account, TotalBytes(tree), progress);
        try
        {
            foreach (var node in tree.DirectoryNodes) Plan(job, TreeLibrary.AsWantedNode(node));
            for (var row = 0; row < tree.Count; row++)
            {
                if (tree[row].Kind != EntryKind.File || tree[row].Leader != row) continue;
                if (tree[row].Content.Codec == CidCodec.Raw) Plan(job, new WantedBlock(tree[row].Content, (int)Math.Min(tree[row].Size, Block.MaxLength)));
                else await PlanLargeAsync(job, tree[row], cancellationToken);
                job.Passed(tree[row].Size);
                if (job.Batch.Count >= BlocksPerRequest || job.BatchBytes >= BytesPerRequest) await SendAsync(job, cancellationToken);
            }
            await SendAsync(job, cancellationToken);
        }
        finally
        {
            await Task.WhenAll(job.Lanes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        cancellationToken.ThrowIfCancellationRequested();
        job.Report();
        return job.Finish();
    }

    private async Task PlanLargeAsync(Job job, TreeRow file, CancellationToken cancellationToken)
    {
        FileLayout layout;
        if (job.HasGivenUp)
        {
            job.Missed(1, null);
            return;
        }
        var start = time.GetTimestamp();
        try
        {
            using var attempt = new ReadAttempt(time, job.Account, options.BackgroundDeadline, options.SourceGrace, cancellationToken);
            (layout, var fetched) = await layouts.LoadAsync(job.Account, file.Content, file.Size, FetchPriority.Background, attempt);
            job.FetchedNodes(fetched);
        }
        catch (ContentUnavailableException error)
        {
            job.Missed(1, error.Message);
            job.GiveUpIfSilentSince(start);
            return;
        }
        for (var chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            Plan(job, new WantedBlock(layout.ChunkCid(chunk), layout.ChunkLength(chunk)));
            if (job.Batch.Count >= BlocksPerRequest || job.BatchBytes >= BytesPerRequest) await SendAsync(job, cancellationToken);
        }
    }

    private void Plan(Job job, WantedBlock block)
    {
        if (!blocks.IsKept(block.Cid)) job.Plan(block);
    }

    private async Task SendAsync(Job job, CancellationToken cancellationToken)
    {
        if (job.Lanes.Count >= Lanes) await job.Lanes.Dequeue();
        if (job.HasGivenUp) job.Missed(job.TakeBatch().Count, null);
        else job.Lanes.Enqueue(FetchAsync(job, job.TakeBatch(), cancellationToken));
    }

    // Each round lasts as long as anything of the root comes, and a deadline longer: one that brings nothing is the last, of this batch and of all that are to follow.
    private async Task FetchAsync(Job job, List<WantedBlock> batch, CancellationToken cancellationToken)
    {
        while (batch.Count > 0)
        {
            var (before, start) = (batch.Count, time.GetTimestamp());
            using var attempt = new ReadAttempt(time, job.Account, options.BackgroundDeadline, options.SourceGrace, cancellationToken);
            try
            {
                var left = new List<WantedBlock>(batch);
                await reader.ObtainAsync(job.Account, left, FetchPriority.Background, attempt, use: null);
            }
            catch (ContentUnavailableException error)
            {
                job.Explanation = error.Message;
            }
            foreach (var block in batch)
            {
                if (blocks.Contains(block.Cid)) job.Arrived(block.Length, blocks.IsKept(block.Cid));
            }
            batch.RemoveAll(block => blocks.Contains(block.Cid));
            job.Report();
            if (batch.Count < before) continue;
            job.GiveUpIfSilentSince(start);
            job.Missed(batch.Count, null);
            return;
        }
    }

    private static long TotalBytes(TreeTable tree)
    {
        var total = 0L;
        for (var row = 0; row < tree.Count; row++)
        {
            if (tree[row].Kind == EntryKind.File && tree[row].Leader == row) total += tree[row].Size;
        }
        return total;
    }

    private sealed class Job(RootAccount account, long total, IProgress<FetchProgress>? progress)
    {
        private readonly HashSet<Cid> _planned = [];
        private long _passed;
        private long _outstanding;
        private long _blocks;
        private long _bytes;
        private long _unkept;
        private long _missing;

        public RootAccount Account => account;

        public Queue<Task> Lanes { get; } = [];

        public List<WantedBlock> Batch { get; private set; } = [];

        public long BatchBytes { get; private set; }

        public string? Explanation { get; set; }

        /// <summary>The sources have delivered nothing for a whole deadline: nothing more is asked of them.</summary>
        public bool HasGivenUp { get; private set; }

        public void GiveUpIfSilentSince(long start) => HasGivenUp |= account.LastReceived <= start;

        public void Plan(WantedBlock block)
        {
            if (!_planned.Add(block.Cid)) return;
            Batch.Add(block);
            BatchBytes += block.Length;
            Interlocked.Add(ref _outstanding, block.Length);
        }

        public List<WantedBlock> TakeBatch()
        {
            var batch = Batch;
            (Batch, BatchBytes) = ([], 0);
            return batch;
        }

        public void Passed(long bytes) => Interlocked.Add(ref _passed, bytes);

        public void Arrived(int length, bool kept)
        {
            Interlocked.Increment(ref _blocks);
            Interlocked.Add(ref _bytes, length);
            Interlocked.Add(ref _outstanding, -length);
            if (!kept) Interlocked.Increment(ref _unkept);
        }

        public void FetchedNodes(int count) => Interlocked.Add(ref _blocks, count);

        public void Missed(int count, string? explanation)
        {
            Interlocked.Add(ref _missing, count);
            Explanation = explanation ?? Explanation;
        }

        public void Report() => progress?.Report(
            new FetchProgress(account.Root, Math.Clamp(Interlocked.Read(ref _passed) - Interlocked.Read(ref _outstanding), 0, total), total));

        public FetchReport Finish() =>
            new(account.Root, total, _blocks, _bytes, _unkept, _missing, _missing == 0 ? null : Explanation ?? "the sources did not deliver it");
    }
}
