using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// Answers one question: give me this block, this range, this tree. In this order: store, blocks already on their way, sources.
/// <para>
/// Participants: <see cref="TreeLibrary"/> and <see cref="LayoutLibrary"/> hold what is known of trees and large files; <see cref="BlockFetcher"/> sees to it that a block travels once
/// whoever wants it; <see cref="SourceRace"/> asks the sources; <see cref="RootSession"/> watches how a root is read and <see cref="ReadAheadPlanner"/> asks for what comes next.
/// </para>
/// <para>
/// Goals: a hit costs a lookup and a copy; a reader waits at most its deadline and leaves at once when it is cancelled; a full disk never fails a read; memory is bounded by
/// <see cref="RetrievalOptions"/>. Non-goals: to know who the peers are, where on disk a block lies, or what a package is called.
/// </para>
/// </summary>
public sealed class PackageContent : IPackageContent, IAsyncDisposable
{
    private static readonly TimeSpan UnreadablePause = TimeSpan.FromMilliseconds(50);

    private readonly RetrievalOptions _options;
    private readonly IBlockStore _store;
    private readonly TimeProvider _time;
    private readonly RetrievalMetrics _metrics;
    private readonly OverflowCache _overflow;
    private readonly BlocksAtHand _blocks;
    private readonly BlockFetcher _fetcher;
    private readonly DemandReader _reader;
    private readonly LayoutLibrary _layouts;
    private readonly TreeLibrary _trees;
    private readonly ReadAheadPlanner _planner;
    private readonly WholeFetch _whole;
    private readonly SizedCache<RootSession> _sessions;

    /// <param name="sources">In the order in which they are preferred.</param>
    public PackageContent(
        RetrievalOptions options, IBlockStore store, IReadOnlyList<IBlockSource> sources, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters)
    {
        var logger = loggers.CreateLogger("SwarmFS.Retrieval");
        (_options, _store, _time) = (options, store, time);
        _metrics = new RetrievalMetrics(meters);
        _overflow = new OverflowCache(options.OverflowBytes);
        _blocks = new BlocksAtHand(store, _overflow, logger.StoreWriteFailed);
        _sessions = new SizedCache<RootSession>(options.Sessions);
        var race = new SourceRace(sources, options, time, _metrics, logger);
        _fetcher = new BlockFetcher(options, _blocks, race, time, _metrics, logger);
        _reader = new DemandReader(_fetcher, options, time, _metrics, logger);
        _layouts = new LayoutLibrary(_blocks, _reader, options);
        _planner = new ReadAheadPlanner(options, _blocks, _layouts, _fetcher, time);
        _trees = new TreeLibrary(_blocks, _fetcher, race, _reader, root => Session(root).Account, options, time, logger);
        _whole = new WholeFetch(_blocks, _layouts, _reader, options, time);
    }

    /// <summary>What is known of the roots read lately, for a status page.</summary>
    public IReadOnlyList<RootActivity> Activity =>
        [.. _sessions.Entries.Select(entry => entry.Value.Account).Select(
            account => new RootActivity(account.Root, account.Blocks, account.Bytes, (int)account.Waiting, IsComplete(account.Root)))];

    /// <summary>Blocks on their way now, bytes of them that were asked for ahead of readers, and bytes held in memory because the store had no room.</summary>
    public (int BlocksInFlight, long AheadBytes, long OverflowBytes) Load => (_fetcher.InFlight, _options.PrefetchBytesInFlight - _fetcher.AheadRoom, _overflow.Bytes);

    /// <summary>True when no session has read-ahead to plan.</summary>
    internal bool IsAtRest => _sessions.Entries.All(entry => entry.Value.IsAtRest);

    public bool TryGetTree(in Cid root, [NotNullWhen(true)] out TreeTable? tree) => _trees.TryGet(root, out tree);

    public ValueTask<TreeTable> GetTreeAsync(Cid root, CancellationToken cancellationToken) =>
        _trees.TryGet(root, out var tree) ? new ValueTask<TreeTable>(tree) : LoadTreeAsync(root, cancellationToken);

    public int TryRead(TreeTable tree, int row, long offset, Span<byte> destination)
    {
        var read = ReadAtHand(tree, row, offset, destination);
        if (read > 0 && Session(tree.Root) is var session && !session.Completeness.IsKnown(_store)) session.Note(tree, row, offset, read);
        return read;
    }

    public int Peek(TreeTable tree, int row, long offset, Span<byte> destination)
    {
        var read = ReadAtHand(tree, row, offset, destination);
        if (read > 0 && Session(tree.Root) is var session && !session.Completeness.IsKnown(_store)) session.NoteShown(tree, row);
        return read;
    }

    public void NoteListed(TreeTable tree, int directory)
    {
        if (Session(tree.Root) is var session && !session.Completeness.IsKnown(_store)) session.NoteListed(tree, directory);
    }

    public TimeSpan ReadDeadline => _options.ReadDeadline;

    /// <summary>The store had no room for a block a moment ago: what is read is passed on and not kept.</summary>
    public bool IsStoreFull => _fetcher.IsStoreFull;

    public ValueTask<int> ReadAsync(TreeTable tree, int row, long offset, Memory<byte> destination, TimeSpan patience, CancellationToken cancellationToken)
    {
        var read = TryRead(tree, row, offset, destination.Span);
        return read >= 0 ? new ValueTask<int>(read) : FetchAndReadAsync(tree, row, offset, destination, patience, cancellationToken);
    }

    /// <summary>One block of a root, from wherever it is. The caller disposes it.</summary>
    /// <exception cref="ContentUnavailableException">No source delivered it within the deadline.</exception>
    public ValueTask<Block> GetBlockAsync(Cid root, Cid block, FetchPriority priority, CancellationToken cancellationToken) =>
        _blocks.TryGet(block, out var here) ? new ValueTask<Block>(here) : FetchBlockAsync(root, block, priority, cancellationToken);

    /// <summary>Brings all directory nodes at and below <paramref name="start"/>, a directory of the root, into the store. What is here already is not asked for again.</summary>
    /// <exception cref="ContentUnavailableException">No source delivered all of them.</exception>
    /// <exception cref="InvalidTreeException">A node breaks the format.</exception>
    public Task FetchDirectoriesAsync(Cid root, Cid start, CancellationToken cancellationToken) => _trees.FetchDirectoriesAsync(root, start, cancellationToken);

    /// <summary>Brings every block of a root here, at the lowest priority: a pin, a wish for a whole package, a repair.</summary>
    /// <exception cref="ContentUnavailableException">The directory structure could not be had; what else is missing is in the report.</exception>
    public async Task<FetchReport> FetchAllAsync(Cid root, IProgress<FetchProgress>? progress, CancellationToken cancellationToken)
    {
        var tree = await GetTreeAsync(root, cancellationToken);
        return await _whole.RunAsync(Session(root).Account, tree, progress, cancellationToken);
    }

    public bool TryOpenFlat(TreeTable tree, int row, [NotNullWhen(true)] out SafeFileHandle? handle)
    {
        handle = null;
        ref readonly var entry = ref tree[row];
        return entry is { Kind: EntryKind.File, Content.Codec: CidCodec.MessagePack } && _store.TryOpenFlat(entry.Content, out handle);
    }

    public bool IsComplete(in Cid root) => _trees.TryGet(root, out var tree) && Session(root).Completeness.Holds(tree, _blocks, _layouts);

    public IDisposable Use(in Cid root) => _store.Use(root);

    public ValueTask DisposeAsync()
    {
        _overflow.Dispose();
        _metrics.Dispose();
        return ValueTask.CompletedTask;
    }

    private RootSession Session(in Cid root) => _sessions.TryGet(root, out var session) ? session : AddSession(root);

    private RootSession AddSession(Cid root) => _sessions.GetOrAdd(root, new RootSession(new RootAccount(root, _time), _planner), size: 1);

    private async ValueTask<TreeTable> LoadTreeAsync(Cid root, CancellationToken cancellationToken)
    {
        using var attempt = new ReadAttempt(_time, Session(root).Account, _options.ReadDeadline, _options.SourceGrace, cancellationToken);
        return await _trees.GetAsync(root, FetchPriority.Metadata, attempt);
    }

    private async ValueTask<Block> FetchBlockAsync(Cid root, Cid cid, FetchPriority priority, CancellationToken cancellationToken)
    {
        using var attempt = new ReadAttempt(_time, Session(root).Account, _options.ReadDeadline, _options.SourceGrace, cancellationToken);
        Block? block = null;
        for (var isAgain = false; block is null && !_blocks.TryGet(cid, out block); isAgain = true)
        {
            if (isAgain) await PauseAsync(attempt, root, cid);
            await _reader.ObtainAsync(Session(root).Account, [new WantedBlock(cid, 0)], priority, attempt, arrived => block ??= arrived.Retain());
        }
        return block;
    }

    /// <summary>What the store names as here and could not read just now (no descriptor is free, say) is tried again in a moment.</summary>
    private async Task PauseAsync(ReadAttempt attempt, Cid root, Cid cid)
    {
        if (attempt.IsOver) throw attempt.Failure(root, cid);
        await Task.Delay(UnreadablePause, _time, attempt.Token);
    }

    // As many bytes as asked for, 0 at or beyond the end, or -1.
    private int ReadAtHand(TreeTable tree, int row, long offset, Span<byte> destination)
    {
        ref readonly var entry = ref tree[row];
        var length = (int)Math.Clamp(entry.Size - offset, 0, destination.Length);
        if (length == 0) return 0;
        if (entry.Content.Codec == CidCodec.Raw)
            return offset < Block.MaxLength && _blocks.Read(entry.Content, (int)offset, destination[..length]) == length ? length : -1;
        return _layouts.TryGet(entry.Content, entry.Size, out var layout) && ReadChunks(layout, offset, destination[..length]) ? length : -1;
    }

    private bool ReadChunks(FileLayout layout, long offset, Span<byte> destination)
    {
        for (var chunk = layout.ChunkAt(offset); !destination.IsEmpty; chunk++)
        {
            var skip = (int)(offset - layout.ChunkStart(chunk));
            var length = Math.Min(destination.Length, layout.ChunkLength(chunk) - skip);
            if (_blocks.Read(layout.ChunkCid(chunk), skip, destination[..length]) != length) return false;
            destination = destination[length..];
            offset += length;
        }
        return true;
    }

    private async ValueTask<int> FetchAndReadAsync(TreeTable tree, int row, long offset, Memory<byte> destination, TimeSpan patience, CancellationToken cancellationToken)
    {
        var session = Session(tree.Root);
        var length = (int)Math.Min(destination.Length, tree[row].Size - offset);
        var isRepeat = session.FailedReads.Overlaps(row, offset, length);
        var limit = isRepeat && FailedReads.RepeatDeadline < patience ? FailedReads.RepeatDeadline : patience;
        using var attempt = new ReadAttempt(_time, session.Account, limit, _options.SourceGrace, cancellationToken);
        try
        {
            await FetchPiecesAsync(session, tree, row, offset, destination[..length], attempt);
        }
        catch (ContentUnavailableException) when (!isRepeat)
        {
            session.FailedReads.Add(row, offset, length);
            throw;
        }
        return length;
    }

    private async ValueTask FetchPiecesAsync(RootSession session, TreeTable tree, int row, long offset, Memory<byte> destination, ReadAttempt attempt)
    {
        var (file, length) = (tree[row], destination.Length);
        List<ReadPiece> pieces;
        if (file.Content.Codec == CidCodec.Raw)
        {
            pieces = [new ReadPiece(file.Content, (int)Math.Min(file.Size, Block.MaxLength), offset, 0, length)];
        }
        else
        {
            pieces = ReadPiece.Cut(await _layouts.GetAsync(session.Account, file.Content, file.Size, FetchPriority.Metadata, attempt), offset, length);
        }
        // The request for what is waited for goes out before any for what may come next.
        var filled = FillAsync(session.Account, pieces, destination, attempt);
        session.Note(tree, row, offset, length);
        await filled;
    }

    private async Task FillAsync(RootAccount account, List<ReadPiece> pieces, Memory<byte> destination, ReadAttempt attempt)
    {
        var before = 0;
        while (true)
        {
            List<WantedBlock> wanted = [];
            for (var i = pieces.Count - 1; i >= 0; i--)
            {
                if (pieces[i].TryFill(_blocks, destination.Span)) pieces.RemoveAt(i);
            }
            if (pieces.Count == 0) return;
            if (pieces.Count == before) await PauseAsync(attempt, account.Root, pieces[0].Cid);
            before = pieces.Count;
            foreach (var piece in pieces) wanted.Add(new WantedBlock(piece.Cid, piece.BlockLength));
            await _reader.ObtainAsync(account, wanted, FetchPriority.Demand, attempt, block =>
            {
                for (var i = pieces.Count - 1; i >= 0; i--)
                {
                    if (pieces[i].Cid != block.Cid) continue;
                    pieces[i].Fill(block.Span, account.Root, destination.Span);
                    pieces.RemoveAt(i);
                }
            });
            if (pieces.Count > 0 && attempt.IsOver) throw attempt.Failure(account.Root, pieces[0].Cid);
        }
    }
}
