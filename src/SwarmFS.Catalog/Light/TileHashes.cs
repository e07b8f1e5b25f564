using System.Numerics;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>
/// Proofs made from the tiles of a log's files, a few for each: for a node that has not the log. The tiles prove nothing by themselves; the proofs are verified against signed roots.
/// </summary>
internal sealed class TileHashes(LogDownload download, Cid files, long size)
{
    private const int TileLength = LogTile.FullWidth * Sha256Digest.Length;

    private readonly Dictionary<LogTile, byte[]> _tiles = [];

    /// <summary>The root of the first entries.</summary>
    /// <exception cref="ContentUnavailableException">A tile could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">The files lack a tile.</exception>
    public Task<Sha256Digest> RootAsync(long entries, CancellationToken cancellationToken) =>
        entries == 0 ? Task.FromResult(MerkleHash.EmptyRoot) : OverAsync(0, entries, cancellationToken);

    /// <summary>The hashes that show the first entries to be the beginning of all (RFC 6962, section 2.1.2).</summary>
    /// <exception cref="ContentUnavailableException">A tile could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">The files lack a tile.</exception>
    public async Task<IReadOnlyList<Sha256Digest>> ProveConsistencyAsync(long oldSize, CancellationToken cancellationToken)
    {
        if (oldSize == 0 || oldSize == size) return [];
        var path = new List<Sha256Digest>(MerkleProof.MaxLength);
        long start = 0, end = size;
        while (end != oldSize)
        {
            var middle = start + (1L << BitOperations.Log2((ulong)(end - start) - 1));
            var goesLeft = oldSize <= middle;
            path.Add(goesLeft ? await OverAsync(middle, end, cancellationToken) : await OverAsync(start, middle, cancellationToken));
            (start, end) = goesLeft ? (start, middle) : (middle, end);
        }
        if (start != 0) path.Add(await OverAsync(start, end, cancellationToken));
        path.Reverse();
        return path;
    }

    /// <summary>The hash over a range that begins at a multiple of the least power of two that is not below its length.</summary>
    private async Task<Sha256Digest> OverAsync(long start, long end, CancellationToken cancellationToken)
    {
        var rest = end - start;
        var height = BitOperations.TrailingZeroCount(rest);
        var hash = await NodeAsync(height, (end >> height) - 1, cancellationToken);
        for (rest &= rest - 1; rest != 0; rest &= rest - 1)
        {
            end -= 1L << height;
            height = BitOperations.TrailingZeroCount(rest);
            hash = MerkleHash.OfNode(await NodeAsync(height, (end >> height) - 1, cancellationToken), hash);
        }
        return hash;
    }

    /// <summary>The hash over the 2^height entries from index · 2^height on, put together from the tile that has it.</summary>
    private async Task<Sha256Digest> NodeAsync(int height, long index, CancellationToken cancellationToken)
    {
        var within = height % LogTile.Height;
        var first = index << within;
        var level = height / LogTile.Height;
        var number = first / LogTile.FullWidth;
        var width = (int)Math.Min(LogTile.FullWidth, (size >> (level * LogTile.Height)) - (number * LogTile.FullWidth));
        var tile = await TileAsync(new LogTile(level, number, width), cancellationToken);
        var hashes = new Sha256Digest[1 << within];
        for (var i = 0; i < hashes.Length; i++) hashes[i] = new Sha256Digest(tile.AsSpan((int)((first % LogTile.FullWidth) + i) * Sha256Digest.Length, Sha256Digest.Length));
        for (var count = hashes.Length; count > 1; count /= 2)
            for (var i = 0; i < count / 2; i++) hashes[i] = MerkleHash.OfNode(hashes[2 * i], hashes[(2 * i) + 1]);
        return hashes[0];
    }

    private async Task<byte[]> TileAsync(LogTile tile, CancellationToken cancellationToken)
    {
        if (_tiles.TryGetValue(tile, out var known)) return known;
        var read = await download.ReadAsync(files, tile.Path, TileLength, cancellationToken);
        if (read.Length != tile.Width * Sha256Digest.Length) throw new InvalidTreeException($"The tile {tile.Path} has {read.Length} bytes.");
        return _tiles[tile] = read;
    }
}
