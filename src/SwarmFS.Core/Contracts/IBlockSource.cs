namespace SwarmFS.Core;

/// <summary>Order of service, on the wire and in queues; lower is served first.</summary>
public enum FetchPriority : byte
{
    /// <summary>Catalogue, directory nodes, proofs.</summary>
    Metadata = 0,

    /// <summary>A reader is blocked on it.</summary>
    Demand = 1,

    /// <summary>Likely to be read soon.</summary>
    Prefetch = 2,

    /// <summary>Pins, repair and replication.</summary>
    Background = 3,
}

/// <summary>A wish for blocks of one root.</summary>
/// <param name="Root">The package tree that the blocks belong to; sessions and providers are per root.</param>
/// <param name="Blocks">Distinct CIDs, in the order in which they are wanted.</param>
/// <param name="Deadline">When the reader gives up, as a <see cref="TimeProvider.GetTimestamp"/> value of the process's provider.</param>
public sealed record FetchRequest(Cid Root, IReadOnlyList<Cid> Blocks, FetchPriority Priority, long Deadline);

/// <summary>Which unknown nodes of a tree to stream: those whose CIDs the asker cannot list because it lacks their parents.</summary>
public enum TreeSelection : byte
{
    /// <summary>All directory nodes and shards below the root, parents before children.</summary>
    Directories = 0,

    /// <summary>Directories and the nodes of large files (their chunk lists).</summary>
    Nodes = 1,

    /// <summary>Nodes, then file contents in canonical order, until the budget is spent.</summary>
    Everything = 2,
}

/// <summary>A wish for a whole part of a DAG in one round trip.</summary>
/// <param name="Start">The node to start at: the root itself, or a node below it.</param>
/// <param name="Budget">The most bytes to send.</param>
public sealed record TreeRequest(Cid Root, Cid Start, TreeSelection Selection, long Budget, FetchPriority Priority, long Deadline);

/// <summary>Why a fetch ended without everything: who was asked and what became of it. For logs and for the person who asks why.</summary>
/// <param name="Delivered">Blocks that reached the sink.</param>
/// <param name="Missing">Blocks that did not. Zero is success (a tree request that ran into its budget is one).</param>
/// <param name="Explanation">Null on success; otherwise one line: sources asked and their answers.</param>
public readonly record struct FetchResult(int Delivered, int Missing, string? Explanation);

/// <summary>Takes blocks as they arrive, from any thread, in any order. Must not block.</summary>
public interface IBlockSink
{
    /// <summary>Takes over the caller's reference.</summary>
    void Deliver(Block block);

    /// <summary>A part of a large block of the root has come over a slow line: whoever waits need not give up yet.</summary>
    void Receiving()
    {
    }
}

/// <summary>
/// Somewhere blocks come from: the swarm of peers; later an HTTP server, or the origin. Blocks are verified before they are delivered.
/// Waits for a source to appear until the deadline rather than failing at once; a cancelled token ends the request within milliseconds.
/// </summary>
public interface IBlockSource
{
    /// <summary>For logs and status: "peers", "origin".</summary>
    string Name { get; }

    Task<FetchResult> FetchAsync(FetchRequest request, IBlockSink sink, CancellationToken cancellationToken);

    /// <summary>Streams many blocks of a DAG; falls short silently where a source does not have all of it. What is missing is then asked for by CID.</summary>
    Task<FetchResult> FetchTreeAsync(TreeRequest request, IBlockSink sink, CancellationToken cancellationToken);

    /// <summary>
    /// A reader now waits for blocks that a request in progress asked for at a lower priority: from here on they are served as at this one. A hint, and no second
    /// request: nothing happens for a block that is not in progress, and a source may ignore it.
    /// </summary>
    void Raise(IReadOnlyList<Cid> blocks, FetchPriority priority, long deadline)
    {
    }
}
