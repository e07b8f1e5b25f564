using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// The directory structures of roots: from memory, from the nodes at hand, or fetched. A root of which nothing is here is streamed in one request, file nodes included, so that the
/// first read of a large file needs no further round trip; what then still lacks is asked for by CID, level by level.
/// </summary>
internal sealed class TreeLibrary(
    BlocksAtHand blocks, BlockFetcher fetcher, SourceRace sources, DemandReader reader, Func<Cid, RootAccount> accounts, RetrievalOptions options, TimeProvider time, ILogger logger)
{
    // A node of the size target; only the bound on bytes asked ahead looks at it.
    private const int NodeLength = 64 << 10;

    // Each level is one round at most; the rest is for nodes that the store dropped meanwhile.
    private const int MaxRounds = Limits.TreeDepth + 8;

    private readonly SizedCache<TreeTable> _trees = new(options.TreeCacheBytes);
    private readonly SizedCache<Refusal> _refused = new(1024);
    private readonly SharedWork<TreeTable> _loading = new();

    public static WantedBlock AsWantedNode(Cid cid) => new(cid, NodeLength);

    public bool TryGet(in Cid root, [NotNullWhen(true)] out TreeTable? tree) => _trees.TryGet(root, out tree);

    /// <exception cref="ContentUnavailableException">Not in time, or malformed.</exception>
    public async ValueTask<TreeTable> GetAsync(Cid root, FetchPriority priority, ReadAttempt attempt)
    {
        while (true)
        {
            if (_trees.TryGet(root, out var tree)) return tree;
            if (_refused.TryGet(root, out var refusal) && !time.HasPassed(refusal.Until)) throw new ContentUnavailableException(refusal.Message);
            var isOwn = false;
            try
            {
                return await _loading.JoinAsync(
                    root,
                    over =>
                    {
                        isOwn = true;
                        return LoadAsync(root, priority, over);
                    },
                    attempt.Token);
            }
            catch (OperationCanceledException)
            {
                throw attempt.Failure(root, root);
            }
            catch (ContentUnavailableException) when (!isOwn && !attempt.IsOver)
            {
                // Who began it came earlier, and has waited long enough.
            }
        }
    }

    private async Task<TreeTable> LoadAsync(Cid root, FetchPriority priority, CancellationToken over)
    {
        var start = time.GetTimestamp();
        using var attempt = new ReadAttempt(time, accounts(root), options.ReadDeadline, options.SourceGrace, over);
        try
        {
            var tree = await LoadAsync(accounts(root), priority, attempt);
            logger.TreeLoaded(root.ToShortString(), tree.Count, (long)time.GetElapsedTime(start).TotalMilliseconds);
            return _trees.GetOrAdd(root, tree, tree.MemoryBytes);
        }
        catch (InvalidTreeException error)
        {
            logger.HostileTree(root.ToString(), error.Message);
            var refusal = new Refusal($"Root {root} is malformed and refused: {error.Message}", time.TimestampIn(options.HostileTreeMemory));
            _refused.Remove(root);
            _refused.GetOrAdd(root, refusal, 1);
            throw new ContentUnavailableException(refusal.Message);
        }
    }

    private async Task<TreeTable> LoadAsync(RootAccount account, FetchPriority priority, ReadAttempt attempt)
    {
        List<Cid> missing = [];
        for (var round = 0; round < MaxRounds; round++)
        {
            missing.Clear();
            if (TreeLoader.TryLoad(account.Root, blocks, missing, out var tree)) return tree;
            if (round == 0 && !blocks.Contains(account.Root)) await StreamAsync(account, account.Root, TreeSelection.Nodes, priority, attempt);
            else await reader.ObtainAsync(account, missing.ConvertAll(AsWantedNode), priority, attempt, use: null);
        }
        throw new ContentUnavailableException(
            $"The directory nodes of root {account.Root} arrived but could not be held: the store is full. Raise its quota or free disk space.");
    }

    /// <summary>Brings every directory node at and below <paramref name="start"/> into the store: nodes that are here already are looked through and not asked for again.</summary>
    /// <exception cref="ContentUnavailableException">Not all could be had: for as long as a background fetch goes on, nothing new came.</exception>
    /// <exception cref="InvalidTreeException">A node breaks the format.</exception>
    public async Task FetchDirectoriesAsync(Cid root, Cid start, CancellationToken cancellationToken)
    {
        var account = accounts(root);
        for (var round = 0; round < MaxRounds; round++)
        {
            var walk = new DagWalk(blocks, start, TreeSelection.Directories);
            foreach (var _ in walk.Blocks()) cancellationToken.ThrowIfCancellationRequested();
            if (walk.MissingNodes.Count == 0) return;
            using var attempt = new ReadAttempt(time, account, options.BackgroundDeadline, options.SourceGrace, cancellationToken);
            if (round == 0 && !blocks.Contains(start)) await StreamAsync(account, start, TreeSelection.Directories, FetchPriority.Metadata, attempt);
            else await reader.ObtainAsync(account, [.. walk.MissingNodes.Select(AsWantedNode)], FetchPriority.Metadata, attempt, use: null);
        }
        throw new ContentUnavailableException($"The directory nodes below {start} arrived but could not be held: the store is full. Raise its quota or free disk space.");
    }

    private async Task StreamAsync(RootAccount account, Cid start, TreeSelection selection, FetchPriority priority, ReadAttempt attempt)
    {
        var request = new TreeRequest(account.Root, start, selection, options.TreeBudget, priority, attempt.Deadline);
        using var stalled = new CancellationTokenSource(options.TreeStall, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stalled.Token, attempt.Token);
        var sink = new TreeSink(fetcher, account, () => stalled.CancelAfter(options.TreeStall));
        account.BeginWait();
        try
        {
            attempt.Explanation = await sources.FetchTreeAsync(request, sink, either.Token) ?? attempt.Explanation;
        }
        catch (OperationCanceledException)
        {
            if (attempt.Token.IsCancellationRequested) throw attempt.Failure(account.Root, account.Root);
        }
        finally
        {
            account.EndWait();
        }
    }

    // Blocks of a streamed tree that a reader asked for by CID meanwhile complete that reader too.
    private sealed class TreeSink(BlockFetcher fetcher, RootAccount account, Action delivered) : IBlockSink
    {
        public void Deliver(Block block)
        {
            fetcher.Land(block, account);
            delivered();
        }
    }

    /// <summary>Why a root was not accepted, and until when that is remembered.</summary>
    private sealed record Refusal(string Message, long Until);
}
