using System.Runtime.InteropServices;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>Hashes every block again, drops the damaged ones and says who misses them.</summary>
internal sealed class Checker(StoreParts parts)
{
    /// <summary>Bytes that are read before they are hashed together: several blocks of the usual 256 KiB for each lane of the hasher.</summary>
    private const int BytesAtOnce = 4 << 20;

    private readonly BlockHasher _hasher = new();
    private readonly List<(Cid Cid, BlockPlace Place)> _read = [];
    private readonly List<RentedBytes> _bytes = [];
    private readonly List<Cid> _suspects = [];
    private readonly HashedBytes[] _hashed = new HashedBytes[BlockHasher.MostAtOnce];

    public CheckReport Check(IProgress<CheckProgress>? progress, CancellationToken cancellation)
    {
        var damaged = new Dictionary<Cid, Cid?>();
        var (blocks, bytes) = (0L, 0L);
        foreach (var container in parts.Containers.Snapshot())
        {
            var places = PlacesIn(container);
            for (var at = 0; at < places.Count;)
            {
                cancellation.ThrowIfCancellationRequested();
                var end = Read(places, at);
                bytes += Hash();
                (blocks, at) = (blocks + end - at, end);
                foreach (var cid in _suspects)
                    if (!parts.Index.TryFind(cid.Digest, out _)) damaged[cid] = (container as FlatFile)?.File;
                _suspects.Clear();
                progress?.Report(new CheckProgress(blocks, parts.Index.Count, bytes, parts.Index.Bytes));
            }
        }
        progress?.Report(new CheckProgress(blocks, blocks, bytes, bytes));
        return new CheckReport(blocks, bytes, Blame(damaged), Incomplete(cancellation));
    }

    /// <summary>Reads as many blocks as are hashed together.</summary>
    /// <returns>The first that was not read.</returns>
    private int Read(List<(Sha256Digest Digest, BlockPlace Place)> places, int at)
    {
        for (var bytes = 0L; at < places.Count && _read.Count < BlockHasher.MostAtOnce && bytes < BytesAtOnce; at++)
        {
            var cid = new Cid(places[at].Place.Codec, places[at].Digest);
            if (parts.Reader.TryReadWhole(cid, isUse: false, out var rented, out var place))
            {
                _read.Add((cid, place));
                _bytes.Add(rented);
                bytes += rented.Length;
            }
            else if (!place.IsNowhere)
            {
                _suspects.Add(cid);
            }
        }
        return at;
    }

    /// <summary>Hashes what was read; what is not itself leaves the index.</summary>
    /// <returns>Bytes that are sound.</returns>
    private long Hash()
    {
        _hasher.Hash(CollectionsMarshal.AsSpan(_bytes), _hashed);
        var sound = 0L;
        for (var i = 0; i < _read.Count; i++)
        {
            using var block = parts.Reader.Accept(_read[i].Cid, _read[i].Place, _hashed[i]);
            if (block is null) _suspects.Add(_read[i].Cid);
            else sound += block.Length;
        }
        _read.Clear();
        _bytes.Clear();
        return sound;
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
