using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>Reads a log's files as peers have them. Blocks are verified by their CIDs; what the entries say, and that they are the log's, is still to be checked against its root.</summary>
internal sealed class LogDownload(ICatalogBlocks blocks)
{
    /// <summary>Entries of a log that are followed: their hashes take 64 MB, and a log of Debian's suites and trees has a tenth.</summary>
    private const long EntriesMax = 1 << 20;

    /// <summary>Bytes of entries fetched at once, held in memory until their root is verified: half a million usual ones.</summary>
    private const long BytesMax = 256 << 20;

    /// <summary>A full bundle of the longest records.</summary>
    private const int BundleMax = LogTile.FullWidth * (2 + CatalogRecord.LengthMax);

    /// <summary>The entries from one size up to another: only the bundles that hold them are fetched.</summary>
    /// <param name="files">The directory of the log's files.</param>
    /// <exception cref="ContentUnavailableException">A block could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">The directory lacks a bundle or has a malformed one, or there are too many entries.</exception>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> EntriesAsync(Cid files, long from, long to, CancellationToken cancellationToken)
    {
        if (to > EntriesMax) throw new InvalidTreeException($"The log has {to} entries; at most {EntriesMax} are followed.");
        var entries = new List<ReadOnlyMemory<byte>>();
        var bytes = 0L;
        for (var index = from / LogTile.FullWidth; index * LogTile.FullWidth < to; index++)
        {
            var width = (int)Math.Min(LogTile.FullWidth, to - index * LogTile.FullWidth);
            var bundle = await ReadAsync(files, new LogTile(LogTile.Entries, index, width).Path, BundleMax, cancellationToken);
            bytes += bundle.Length;
            if (bytes > BytesMax) throw new InvalidTreeException($"The log has grown by more than {BytesMax} bytes at once.");
            // An empty entry is no record, and no journal could keep it.
            if (!LogTiles.TryReadEntries(bundle, width, out var read) || read.Any(entry => entry.IsEmpty))
                throw new InvalidTreeException($"The bundle {index} of the log's entries is malformed.");
            entries.AddRange(read.Skip((int)Math.Max(0, from - index * LogTile.FullWidth)));
        }
        return entries;
    }

    /// <exception cref="ContentUnavailableException">A block could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">The directory has no such file, or a longer one.</exception>
    public async Task<byte[]> ReadAsync(Cid files, string path, int maxLength, CancellationToken cancellationToken)
    {
        BlockGetter get = (cid, token) => blocks.GetAsync(files, cid, token);
        var file = await TreePathReader.FindAsync(files, path, get, cancellationToken)
            ?? throw new InvalidTreeException($"The log's files {files} have no {path}.");
        return await TreePathReader.ReadFileAsync(file, maxLength, get, cancellationToken);
    }
}
