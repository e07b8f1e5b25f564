using System.Text;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>
/// The directory of a log's files (CATALOG.md; C2SP tlog-tiles): <c>checkpoint</c>, <c>tile/…</c>, <c>head</c>, <c>head.tlog-proof</c>. Full tiles and bundles never change, so they are written
/// once and then named by their CIDs; only the entries of the last bundle are held, and those that a full store did not take. Not thread-safe.
/// </summary>
internal sealed class LogFiles(IBlockStore store)
{
    public const string Checkpoint = "checkpoint";
    public const string Head = "head";
    public const string HeadProof = "head.tlog-proof";

    private static readonly EntryAttributes Attributes = new(0b110_100_100, 0, 0, 0, 0, 0, []);

    private readonly Dictionary<LogTile, (Cid Content, int Length)> _full = [];
    private readonly List<ReadOnlyMemory<byte>> _last = [];
    private long _entries;

    /// <summary>Takes the next entry; keeps a copy until its bundle is full and in the store.</summary>
    public void Add(ReadOnlySpan<byte> entry)
    {
        _last.Add(entry.ToArray());
        _entries++;
        if (_last.Count <= LogTile.FullWidth) return;
        try
        {
            EndBundle();
        }
        catch (StoreFullException)
        {
            // Nothing is lost: whoever wants the directory is told.
        }
    }

    private void EndBundle()
    {
        var bundle = LogTiles.EncodeEntries(_last.GetRange(0, LogTile.FullWidth));
        var index = (_entries - _last.Count) / LogTile.FullWidth;
        _full[new LogTile(LogTile.Entries, index, LogTile.FullWidth)] = (new TreeBuilder(store).PutContent(bundle), bundle.Length);
        _last.RemoveRange(0, LogTile.FullWidth);
    }

    /// <summary>Makes the directory of the log as it is, under this checkpoint.</summary>
    /// <param name="tree">Of the same entries.</param>
    /// <param name="note">The checkpoint of all of them.</param>
    /// <param name="head">The last entry.</param>
    /// <exception cref="StoreFullException">The files do not fit.</exception>
    public Cid Write(MerkleTree tree, SignedNote note, ReadOnlySpan<byte> head)
    {
        while (_last.Count > LogTile.FullWidth) EndBundle();
        var files = new TreeBuilder(store);
        foreach (var tile in LogTiles.Of(tree.Size))
        {
            if (!_full.TryGetValue(tile, out var content)) content = Put(files, tree, tile);
            files.AddFile(Encoding.ASCII.GetBytes(tile.Path), Attributes, content.Content, content.Length);
        }
        files.AddFile(Encoding.ASCII.GetBytes(Checkpoint), Attributes, note.ToBytes());
        files.AddFile(Encoding.ASCII.GetBytes(Head), Attributes, head);
        var proof = new TlogProof(tree.Size - 1, tree.ProveInclusion(tree.Size - 1, tree.Size), note, head.ToArray());
        files.AddFile(Encoding.ASCII.GetBytes(HeadProof), Attributes, proof.ToBytes());
        return files.Finish().Root;
    }

    private (Cid Content, int Length) Put(TreeBuilder files, MerkleTree tree, LogTile tile)
    {
        var bytes = tile.Level == LogTile.Entries ? LogTiles.EncodeEntries(_last) : tree.Tile(tile.Level, tile.Index, tile.Width);
        var content = (files.PutContent(bytes), bytes.Length);
        if (tile.Width == LogTile.FullWidth) _full[tile] = content;
        return content;
    }
}
