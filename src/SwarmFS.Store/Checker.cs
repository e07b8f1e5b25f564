using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>Hashes every block again, drops the damaged ones and says who misses them.</summary>
internal sealed class Checker(StoreParts parts)
{
    /// <summary>Blocks between two reports of progress.</summary>
    private const int ReportEvery = 256;

    public CheckReport Check(IProgress<CheckProgress>? progress, CancellationToken cancellation)
    {
        var damaged = new Dictionary<Cid, Cid?>();
        var (blocks, bytes) = (0L, 0L);
        foreach (var container in parts.Containers.Snapshot())
        {
            foreach (var (digest, place) in PlacesIn(container))
            {
                cancellation.ThrowIfCancellationRequested();
                var cid = new Cid(place.Codec, digest);
                if (IsSound(cid)) bytes += place.Length;
                else if (!parts.Index.TryFind(digest, out _)) damaged[cid] = (container as FlatFile)?.File;
                if (++blocks % ReportEvery == 0) progress?.Report(new CheckProgress(blocks, parts.Index.Count, bytes, parts.Index.Bytes));
            }
        }
        progress?.Report(new CheckProgress(blocks, blocks, bytes, bytes));
        return new CheckReport(blocks, bytes, Blame(damaged), Incomplete(cancellation));
    }

    private List<(Sha256Digest Digest, BlockPlace Place)> PlacesIn(Container container)
    {
        var places = new List<(Sha256Digest, BlockPlace)>();
        parts.Collector.Exclusively(() =>
        {
            if (container.IsRetired) return;
            foreach (var digest in parts.PackWriter.ListOf(container).Select(block => block.Digest))
            {
                if (parts.Index.TryFind(digest, out var place) && place.Container == container.Id) places.Add((digest, place));
            }
        });
        return places;
    }

    private bool IsSound(in Cid cid)
    {
        if (!parts.Reader.TryGet(cid, out var block, isUse: false)) return false;
        block.Dispose();
        return true;
    }

    private List<DamagedBlock> Blame(Dictionary<Cid, Cid?> damaged)
    {
        if (damaged.Count == 0) return [];
        var roots = damaged.Keys.ToDictionary(cid => cid.Digest, _ => new List<Cid>());
        foreach (var root in parts.Protection.Roots())
        {
            parts.Reach.Walk([root], cid =>
            {
                if (roots.TryGetValue(cid.Digest, out var list) && !list.Contains(root)) list.Add(root);
            });
        }
        return [.. damaged.Select(pair => new DamagedBlock(pair.Key, pair.Value, roots[pair.Key.Digest]))];
    }

    private List<IncompletePin> Incomplete(CancellationToken cancellation)
    {
        var incomplete = new List<IncompletePin>();
        foreach (var pin in parts.Protection.Pins)
        {
            cancellation.ThrowIfCancellationRequested();
            var missing = new HashSet<Cid>();
            Cid? first = null;
            parts.Reach.Walk([pin.Root], cid =>
            {
                if (parts.Index.TryFind(cid.Digest, out _) || !missing.Add(cid)) return;
                first ??= cid;
            });
            if (first is { } cid) incomplete.Add(new IncompletePin(pin.Root, cid, missing.Count));
        }
        return incomplete;
    }
}
