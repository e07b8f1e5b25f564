using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;

namespace SwarmFS.Transparency.Tests;

public class TileTests
{
    [Theory]
    [InlineData(0, 0, 256, "tile/0/000")]
    [InlineData(0, 1234067, 5, "tile/0/x001/x234/067.p/5")]
    [InlineData(3, 999, 255, "tile/3/999.p/255")]
    [InlineData(1, 1000, 256, "tile/1/x001/000")]
    [InlineData(LogTile.Entries, 0, 1, "tile/entries/000.p/1")]
    [InlineData(LogTile.Entries, 70_000, 256, "tile/entries/x070/000")]
    public void A_tile_has_one_path_and_is_read_back_from_it(int level, long index, int width, string path)
    {
        var tile = new LogTile(level, index, width);
        tile.Path.ShouldBe(path);
        LogTile.TryParsePath(path, out var read).ShouldBeTrue();
        read.ShouldBe(tile);
    }

    [Theory]
    [InlineData("tile/0/x000/000")]
    [InlineData("tile/0/00")]
    [InlineData("tile/0/0000")]
    [InlineData("tile/0/001/000")]
    [InlineData("tile/0/x001")]
    [InlineData("tile/00/000")]
    [InlineData("tile/8/000")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/05")]
    [InlineData("tile/0/000.p/")]
    [InlineData("tile/0/000/")]
    [InlineData("tile/0/")]
    [InlineData("tile/0/x00a/000")]
    [InlineData("tile/0/../000")]
    [InlineData("/tile/0/000")]
    [InlineData("tile/0/x999/x999/x999/x999/x999/x999/x999/999")]
    [InlineData("tile/data/000")]
    public void Another_spelling_of_a_path_is_refused(string path) => LogTile.TryParsePath(path, out _).ShouldBeFalse();

    [Fact]
    public void Any_index_survives_the_way_through_its_path() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).Select(half => ((long)half << 32) ^ (half * 2654435761L)).Select(index => index & long.MaxValue).ToArbitrary(), index =>
        {
            LogTile.TryParsePath(new LogTile(0, index, 256).Path, out var read).ShouldBeTrue();
            read.Index.ShouldBe(index);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_log_of_70000_entries_has_the_tiles_that_the_specification_counts()
    {
        var tiles = LogTiles.Of(70_000).ToList();
        tiles.Count(tile => tile is { Level: 0, Width: 256 }).ShouldBe(273);
        tiles.Where(tile => tile is { Level: 0, Width: < 256 }).ShouldBe([new LogTile(0, 273, 112)]);
        tiles.Where(tile => tile.Level == 1).ShouldBe([new LogTile(1, 0, 256), new LogTile(1, 1, 17)]);
        tiles.Where(tile => tile.Level == 2).ShouldBe([new LogTile(2, 0, 1)]);
        tiles.Count(tile => tile.Level == LogTile.Entries).ShouldBe(274);
        tiles.ShouldAllBe(tile => tile.Level <= 2);
        LogTiles.Of(256).ShouldBe([new LogTile(LogTile.Entries, 0, 256), new LogTile(0, 0, 256), new LogTile(1, 0, 1)]);
        LogTiles.Of(0).ShouldBeEmpty();
    }

    [Fact]
    public void What_a_growing_log_adds_and_what_it_had_is_what_it_has() =>
        Prop.ForAll(Gen.Choose(0, 3000).Two().ToArbitrary(), pair =>
        {
            var (first, second) = (Math.Min(pair.Item1, pair.Item2), Math.Max(pair.Item1, pair.Item2));
            var (had, has, added) = (LogTiles.Of(first).ToHashSet(), LogTiles.Of(second).ToHashSet(), LogTiles.Added(first, second).ToHashSet());
            has.Except(had).ShouldBe(added, ignoreOrder: true);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_tile_holds_the_hashes_over_256_times_more_entries_a_level()
    {
        var tree = new MerkleTree();
        for (var i = 0; i < 600; i++) tree.Append(BitConverter.GetBytes(i));
        var leaves = tree.Tile(0, 1, 256);
        new Sha256Digest(leaves.AsSpan(0, 32)).ShouldBe(tree.LeafHash(256));
        new Sha256Digest(leaves.AsSpan(255 * 32)).ShouldBe(tree.LeafHash(511));
        new Sha256Digest(tree.Tile(1, 0, 2).AsSpan(0, 32)).ShouldBe(tree.RootAt(256));
        foreach (var tile in LogTiles.Of(600).Where(tile => tile.Level >= 0)) tree.Tile(tile.Level, tile.Index, tile.Width).Length.ShouldBe(32 * tile.Width);
    }

    [Fact]
    public void Entries_survive_the_way_through_a_bundle()
    {
        ReadOnlyMemory<byte>[] entries = ["first"u8.ToArray(), Array.Empty<byte>(), new byte[LogTiles.MaxEntryLength]];
        var bundle = LogTiles.EncodeEntries(entries);
        bundle.AsSpan(0, 7).ToArray().ShouldBe([0, 5, .. "first"u8]);
        LogTiles.TryReadEntries(bundle, 3, out var read).ShouldBeTrue();
        read.Select(entry => entry.ToArray()).ShouldBe(entries.Select(entry => entry.ToArray()));
    }

    [Fact]
    public void A_bundle_of_another_count_length_or_end_is_refused()
    {
        var bundle = LogTiles.EncodeEntries([new byte[] { 1 }, new byte[] { 2, 3 }]);
        foreach (var count in new[] { -1, 0, 1, 3, 256, 257 }) LogTiles.TryReadEntries(bundle, count, out _).ShouldBeFalse();
        for (var length = 0; length < bundle.Length; length++) LogTiles.TryReadEntries(bundle.AsMemory(0, length), 2, out _).ShouldBeFalse();
        LogTiles.TryReadEntries((byte[])[.. bundle, 0], 2, out _).ShouldBeFalse();
        LogTiles.TryReadEntries((byte[])[0xff, 0xff, 0], 1, out _).ShouldBeFalse();
        Should.Throw<ArgumentException>(() => LogTiles.EncodeEntries([]));
        Should.Throw<ArgumentException>(() => LogTiles.EncodeEntries(Enumerable.Repeat(ReadOnlyMemory<byte>.Empty, 257).ToList()));
        Should.Throw<ArgumentException>(() => LogTiles.EncodeEntries([new byte[LogTiles.MaxEntryLength + 1]]));
    }
}
