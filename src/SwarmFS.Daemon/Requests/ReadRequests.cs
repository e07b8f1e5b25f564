using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Retrieval;

namespace SwarmFS.Daemon.Requests;

/// <summary><c>cat</c> by path and <c>get</c> by hash: content as it is, verified block by block.</summary>
internal sealed class ReadRequests(TreePaths paths, PackageContent content)
{
    /// <summary>A read in bytes: one block, so that a piece is never fetched twice.</summary>
    private const int Piece = Block.MaxLength;

    /// <summary>Chunks asked for ahead of the one being written: 16 of about 256 KiB are 4 MiB, the window of a 100 Mb/s link at a third of a second.</summary>
    private const int ChunksAhead = 16;

    /// <summary>Chunks of one file that are listed in memory: 256 GiB of file, 40 MB of list.</summary>
    private const int ChunksMax = 1 << 20;

    /// <summary>The content of an empty file: nobody stores or sends it.</summary>
    private static readonly Cid Nothing = Cid.Of(CidCodec.Raw, []);

    public async Task CatAsync(PathRequest request, Stream output, CancellationToken cancellationToken)
    {
        var path = TreePath.Parse(request.Path);
        if (!path.IsInTree) throw new RequestException(ControlErrors.NotFound, $"There is no file {request.Path}.", TreePath.Forms);
        var (tree, row) = await paths.FindAsync(path, followLast: true, cancellationToken);
        if (tree[row].Kind != EntryKind.File) throw new RequestException(ControlErrors.Refused, $"{request.Path} is a directory.", $"List it with swarmfs ls {request.Path}.");
        var buffer = BlockBuffers.Shared.Rent(Piece);
        try
        {
            for (long offset = 0; ;)
            {
                var read = await content.ReadAsync(tree, row, offset, buffer.AsMemory(0, Piece), content.ReadDeadline, cancellationToken);
                if (read == 0) break;
                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                offset += read;
            }
        }
        finally
        {
            BlockBuffers.Shared.Return(buffer);
        }
    }

    public async Task GetAsync(GetRequest request, Stream output, CancellationToken cancellationToken)
    {
        if (!Cid.TryParse(request.Cid, out var cid, out var reason)) throw new RequestException(ControlErrors.Usage, $"'{request.Cid}' is not a CID: {reason}.");
        var chunks = new List<Cid>();
        await ListChunksAsync(cid, cid, depth: 0, chunks, cancellationToken);
        await WriteAsync(cid, chunks, output, cancellationToken);
    }

    private async Task ListChunksAsync(Cid root, Cid cid, int depth, List<Cid> chunks, CancellationToken cancellationToken)
    {
        if (cid == Nothing) return;
        if (cid.Codec == CidCodec.Raw)
        {
            if (chunks.Count == ChunksMax) throw new RequestException(ControlErrors.Refused, $"{root} has more than {ChunksMax} chunks.", "Read it through the mount, below cid/.");
            chunks.Add(cid);
            return;
        }
        if (depth > Limits.TreeDepth) throw new InvalidTreeException($"The file {root} is nested deeper than {Limits.TreeDepth} nodes.");
        var links = new List<DagLink>();
        using (var node = await content.GetBlockAsync(root, cid, FetchPriority.Demand, cancellationToken))
        {
            if (!DagLinks.IsFile(node)) throw new RequestException(ControlErrors.Refused, $"{cid} is a directory or package, not a file.", $"List it with swarmfs ls cid/{cid}.");
            DagLinks.Read(node, links);
        }
        foreach (var link in links) await ListChunksAsync(root, link.Cid, depth + 1, chunks, cancellationToken);
    }

    private async Task WriteAsync(Cid root, List<Cid> chunks, Stream output, CancellationToken cancellationToken)
    {
        var arriving = new Queue<Task<Block>>();
        try
        {
            for (var next = 0; next < chunks.Count || arriving.Count > 0;)
            {
                while (next < chunks.Count && arriving.Count < ChunksAhead)
                    arriving.Enqueue(content.GetBlockAsync(root, chunks[next++], FetchPriority.Demand, cancellationToken).AsTask());
                using var block = await arriving.Dequeue();
                await output.WriteAsync(block.Bytes, cancellationToken);
            }
        }
        finally
        {
            foreach (var late in arriving) _ = late.ContinueWith(static task => task.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        }
    }
}
