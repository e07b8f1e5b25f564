using System.Text;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

public class TreeBuilderTests
{
    private readonly MemoryBlockStore _store = new();
    private readonly TreeBuilder _builder;

    public TreeBuilderTests() => _builder = new TreeBuilder(_store);

    private void AddFile(string path) => _builder.AddFile(Encoding.Latin1.GetBytes(path), SampleTree.FileAttributes, new MemoryStream([1]), 1);

    private static void Refused(Action act, params string[] because)
    {
        var message = Should.Throw<InvalidTreeException>(act).Message;
        foreach (var word in because) message.ShouldContain(word);
    }

    [Theory]
    [InlineData("/etc/passwd", "absolute")]
    [InlineData("a/../../b", "climbs out")]
    [InlineData("..", "climbs out")]
    [InlineData("a//b", "empty name")]
    [InlineData("a/./b", "'.' within")]
    [InlineData("a\0b", "NUL")]
    [InlineData("", "root of a tree")]
    [InlineData(".", "root of a tree")]
    public void A_path_that_is_none_is_refused_by_name(string path, string because) => Refused(() => AddFile(path), because);

    [Fact]
    public void A_hostile_name_does_not_reach_the_terminal_raw() => Refused(() => AddFile("a/../\u001b[2J"), "\\x1b[2J");

    [Fact]
    public void Names_and_paths_have_their_bounds()
    {
        AddFile(new string('n', Limits.NameLength));
        Refused(() => AddFile(new string('n', Limits.NameLength + 1)), "256 bytes");
        Refused(() => AddFile(string.Concat(Enumerable.Repeat("dir/", 1_100))), "4400 bytes");
    }

    [Fact]
    public void What_occurs_twice_is_refused()
    {
        AddFile("d/a");
        Refused(() => AddFile("d/a"), "'d/a'", "twice");
        Refused(() => _builder.AddDirectory("d/a"u8, SampleTree.DirectoryAttributes), "'d/a'");
        _builder.AddDirectory("d"u8, SampleTree.DirectoryAttributes);
        Refused(() => _builder.AddDirectory("d"u8, SampleTree.DirectoryAttributes), "twice");
        Refused(() => AddFile("d"), "twice");
    }

    [Fact]
    public void A_file_has_nothing_below_it()
    {
        AddFile("a");
        Refused(() => AddFile("a/b"), "'a/b'", "directory");
        _builder.AddSymlink("l"u8, SampleTree.FileAttributes, "elsewhere"u8);
        Refused(() => AddFile("l/b"), "'l/b'");
    }

    [Fact]
    public void A_content_that_ends_early_is_refused()
    {
        Refused(() => _builder.AddFile("a"u8, SampleTree.FileAttributes, new MemoryStream(new byte[10]), 11), "'a'", "1 bytes before its 11");
        Refused(() => _builder.AddFile("b"u8, SampleTree.FileAttributes, new MemoryStream(new byte[3_000_000]), 3_000_001), "1 bytes before");
        Refused(() => _builder.AddFile("c"u8, SampleTree.FileAttributes, new MemoryStream(), long.MaxValue), "before its");
    }

    [Fact]
    public void Exactly_the_size_is_read_of_a_stream()
    {
        var stream = new MemoryStream(SampleTree.Content(3_000_000));
        _builder.AddFile("a"u8, SampleTree.FileAttributes, stream, 2_000_000);
        stream.Position.ShouldBe(2_000_000);
    }

    [Fact]
    public void A_full_store_ends_the_build()
    {
        _store.Capacity = 1_000_000;
        Should.Throw<StoreFullException>(() => _builder.AddFile("big"u8, SampleTree.FileAttributes, new MemoryStream(SampleTree.Content(2_000_000)), 2_000_000));
        _store.Capacity = 10;
        Should.Throw<StoreFullException>(() => _builder.AddFile("small"u8, SampleTree.FileAttributes, new MemoryStream(new byte[100]), 100));
        Should.Throw<StoreFullException>(() => _builder.Finish());
    }

    [Fact]
    public void Hard_links_need_something_to_link_to()
    {
        _builder.AddDirectory("d"u8, SampleTree.DirectoryAttributes);
        Refused(() => _builder.AddHardLink("a"u8, "nowhere"u8), "'nowhere'", "not in the tree");
        Refused(() => _builder.AddHardLink("a"u8, "d"u8), "directory 'd'");
        Refused(() => _builder.AddHardLink("a"u8, "/etc/passwd"u8), "absolute");
    }

    [Fact]
    public void Directories_nest_64_levels_and_no_more()
    {
        AddFile(string.Concat(Enumerable.Repeat("d/", Limits.TreeDepth - 1)) + "file");
        var built = _builder.Finish();
        TreeLoader.TryLoad(built.Root, _store, [], out _).ShouldBeTrue();
        Refused(() => SampleTree.Build(_store, [new(string.Concat(Enumerable.Repeat("d/", Limits.TreeDepth)) + "file", 'f', SampleTree.FileAttributes)]), "deeper");
    }

    [Fact]
    public void Attributes_out_of_range_are_refused()
    {
        Refused(() => _builder.AddDirectory("a"u8, SampleTree.DirectoryAttributes with { Permissions = 0b1_000_000_000 }), "'a'");
        Refused(() => _builder.AddDirectory("a"u8, SampleTree.DirectoryAttributes with { SpecialBits = 8 }), "'a'");
        Refused(() => _builder.AddDirectory("a"u8, SampleTree.DirectoryAttributes with { MtimeNanoseconds = 1_000_000_000 }), "'a'");
        Xattr[] twice = [new("user.a"u8.ToArray(), default), new("user.a"u8.ToArray(), default)];
        Refused(() => _builder.AddDirectory("a"u8, SampleTree.DirectoryAttributes with { Xattrs = twice }), "'user.a' twice");
        Refused(() => _builder.AddSymlink("l"u8, SampleTree.FileAttributes, []), "'l'");
    }

    [Fact]
    public void A_stream_in_small_pieces_gives_the_same_blocks()
    {
        var content = SampleTree.Content(1_500_000);
        _builder.AddFile("a"u8, SampleTree.FileAttributes, new DribblingStream(content), content.Length);
        var whole = SampleTree.Build(new MemoryBlockStore(), [new("a", 'f', SampleTree.FileAttributes, content.Length)]);
        _builder.Finish().ShouldBe(whole);
    }

    private sealed class DribblingStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 1_009)]);
    }
}
