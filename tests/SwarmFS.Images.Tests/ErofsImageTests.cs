using System.Text;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Images.Tests;

public sealed class ErofsImageTests
{
    private readonly MemoryBlockStore _store = new();

    private TreeTable Build(IEnumerable<SampleEntry> entries) => Load(SampleTree.Build(_store, entries).Root);

    private TreeTable Load(Cid root)
    {
        TreeLoader.TryLoad(root, _store, [], out var table).ShouldBeTrue();
        return table!;
    }

    /// <summary>An image from its beginning to its end, asked for in pieces of some length.</summary>
    private static byte[] Whole(TreeTable tree, bool applySpecialBits = true, int most = int.MaxValue)
    {
        var image = new ErofsImage(tree, applySpecialBits);
        var whole = new byte[image.Size];
        var contents = new Dictionary<int, byte[]>();
        var at = 0;
        while (image.Next(at, whole.AsSpan(at, Math.Min(most, whole.Length - at))) is { Length: > 0 } piece)
        {
            if (piece.Row >= 0)
            {
                if (!contents.TryGetValue(piece.Row, out var content)) contents[piece.Row] = content = SampleTree.Content((int)tree[piece.Row].Size);
                content.AsSpan((int)piece.Offset, piece.Length).CopyTo(whole.AsSpan(at));
            }
            at += piece.Length;
        }
        at.ShouldBe(whole.Length);
        return whole;
    }

    private static string PathOf(TreeTable tree, int row) =>
        row == 0 ? "" : string.Join('/', new[] { PathOf(tree, tree[row].Parent), Encoding.UTF8.GetString(tree.Name(row)) }.Where(part => part.Length > 0));

    private static string Expected(TreeTable tree, int row)
    {
        ref readonly var entry = ref tree[row];
        var type = entry.Kind switch { EntryKind.Directory => 'd', EntryKind.Symlink => 'l', _ => 'f' };
        // The extracting program sets the owner after the mode, which may take a file's special bits away: those are left to the kernel's own view of an image.
        var mode = Convert.ToString(FileModes.Of(entry, applySpecialBits: entry.Kind == EntryKind.Directory) & 0xFFF, 8);
        var time = $"{entry.MtimeSeconds}.{entry.MtimeNanoseconds:d9}0";
        var size = entry.Kind == EntryKind.Directory ? "" : $"{entry.Size}";
        return $"{PathOf(tree, row)}|{type}|{mode}|{time}|{Encoding.UTF8.GetString(tree.SymlinkTarget(row))}|{size}";
    }

    private static void ShouldExtract(TreeTable tree)
    {
        using var extraction = new Extraction(Whole(tree));
        extraction.Listing().Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(0, tree.Count).Select(row => Expected(tree, row)).Order(StringComparer.Ordinal));
        for (var row = 0; row < tree.Count; row++)
        {
            if (tree[row].Kind == EntryKind.File) extraction.Read(PathOf(tree, row)).SequenceEqual(SampleTree.Content((int)tree[row].Size)).ShouldBeTrue(PathOf(tree, row));
        }
    }

    [Fact]
    public void Another_program_takes_out_what_the_tree_holds() => ShouldExtract(Build(SampleTree.Everything));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Random_trees_come_out_as_well(int seed) => ShouldExtract(Build(SampleTree.Random(seed)));

    [Fact]
    public void An_empty_tree_is_an_image_too() => ShouldExtract(Build([]));

    [Fact]
    public void Directories_of_many_blocks_and_names_about_the_dots_come_out()
    {
        var names = Enumerable.Range(0, 2_000).Select(i => $"file {i} {new string('n', i % 200)}").Concat(["!", "-", "+x", ".-", "..a", ".a", "...", "0", new string('.', 255)]);
        ShouldExtract(Build(names.Select((name, i) => new SampleEntry($"d/{name}", 'f', SampleTree.FileAttributes, i % 3))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(100)]
    [InlineData(4_096)]
    [InlineData(5_000)]
    public void Every_byte_is_the_same_however_it_is_asked_for(int most)
    {
        var tree = Build(SampleTree.Everything.Where(entry => entry.Size < 100_000));
        Whole(tree, most: most).SequenceEqual(Whole(tree)).ShouldBeTrue();
    }

    [Fact]
    public void Attributes_that_fill_many_blocks_stand_behind_their_inode_whole()
    {
        var xattrs = Enumerable.Range(1, 30).Select(i => new Xattr(Encoding.ASCII.GetBytes($"user.large{i}"), Enumerable.Repeat((byte)i, 4_000).ToArray())).ToArray();
        var tree = Build([new("a", 'f', SampleTree.FileAttributes, 5), new("b", 'f', SampleTree.FileAttributes with { Xattrs = xattrs }, 6), new("c", 'f', SampleTree.FileAttributes, 7)]);
        ShouldExtract(tree);
        var whole = Whole(tree);
        foreach (var xattr in xattrs) whole.AsSpan().IndexOf(xattr.Value.Span).ShouldBeGreaterThan(0);
        Whole(tree, most: 3_000).SequenceEqual(whole).ShouldBeTrue();
    }

    [Fact]
    public void Looking_at_names_touches_no_content()
    {
        var tree = Build(SampleTree.Everything);
        var image = new ErofsImage(tree, applySpecialBits: true);
        var content = Enumerable.Range(0, tree.Count).Where(row => tree[row] is { Kind: EntryKind.File } file && file.Leader == row).Sum(row => (tree[row].Size + 4095) / 4096 * 4096);
        var buffer = new byte[4096];
        for (var at = 0L; at < image.Size - content; at += 4096) image.Next(at, buffer).Row.ShouldBe(-1);
        image.Next(image.Size - content, buffer).Row.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Special_bits_are_shown_where_that_is_wanted_only()
    {
        var tree = Build(SampleTree.Everything);
        using var extraction = new Extraction(Whole(tree, applySpecialBits: false));
        extraction.Listing().Single(line => line.StartsWith("var/tmp|", StringComparison.Ordinal)).ShouldContain("|777|");
    }

    [Fact]
    public void What_it_makes_by_itself_it_makes_without_garbage()
    {
        var tree = Build(SampleTree.Everything);
        var image = new ErofsImage(tree, applySpecialBits: true);
        var buffer = new byte[1 << 17];
        Allocations.Of(3, () =>
        {
            for (var at = 0L; at < image.Size; at += image.Next(at, buffer).Length)
            {
            }
        }).ShouldBe(0);
    }

    /// <summary>A size is only what a directory node says: none of these bytes exist.</summary>
    [Fact]
    public void A_tree_beyond_sixteen_tebibytes_is_refused_and_one_below_is_not()
    {
        new ErofsImage(Load(SparseTree.Put(_store, 15L << 40)), applySpecialBits: false).Size.ShouldBeGreaterThan(15L << 40);
        Should.Throw<ImageTooLargeException>(() => new ErofsImage(Load(SparseTree.Put(_store, 17L << 40)), applySpecialBits: false)).Message.ShouldContain("16 TiB");
        Should.Throw<ImageTooLargeException>(() => new ErofsImage(Load(SparseTree.Put(_store, long.MaxValue)), applySpecialBits: false));
    }
}
