using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Daemon.Requests;
using SwarmFS.Testing;

namespace SwarmFS.Daemon.Tests;

public sealed class TreePathsTests
{
    // Neither UTF-8 nor printable.
    private static readonly byte[] OddName = [0x6f, 0xff, 0x0a, 0x5c];

    private readonly FixedCatalog _catalog;
    private readonly PackageFinder _finder;
    private readonly TreePaths _paths;
    private readonly TreeTable _tree;

    public TreePathsTests()
    {
        var store = new MemoryBlockStore();
        var builder = new TreeBuilder(store);
        var attributes = new EntryAttributes(0x1ed, 0, 0, 0, 0, 0, []);
        builder.AddFile("usr/bin/tool"u8, attributes, new MemoryStream("#!"u8.ToArray()), 2);
        builder.AddSymlink("bin"u8, attributes, "usr/bin"u8);
        builder.AddSymlink("usr/bin/up"u8, attributes, "../../bin/./tool"u8);
        builder.AddSymlink("round"u8, attributes, "round"u8);
        builder.AddSymlink("out"u8, attributes, "/etc/passwd"u8);
        builder.AddFile(OddName, attributes, new MemoryStream([1]), 1);
        var root = builder.Finish().Root;
        TreeLoader.TryLoad(root, store, [], out var tree).ShouldBeTrue();
        _tree = tree!;
        _catalog = new FixedCatalog(new Release("tool", "1.0", root, "key", DateTimeOffset.UnixEpoch), new Release("tool", "2.0", root, "key", DateTimeOffset.UnixEpoch));
        _finder = new PackageFinder(_catalog, new ManualTimeProvider(new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero)));
        _paths = new TreePaths(_finder, new OneTree(tree!));
    }

    private async Task<string> FindAsync(string path, bool followLast = true)
    {
        var found = await _paths.FindAsync(TreePath.Parse(path), followLast, CancellationToken.None);
        return Encoding.Latin1.GetString(found.Tree.Name(found.Row));
    }

    [Theory]
    [InlineData("pkgs/tool/1.0/usr/bin/tool", "tool")]
    [InlineData("pkgs/tool/latest/bin/tool", "tool")]
    [InlineData("pkgs/tool/latest/bin/up", "tool")]
    [InlineData("pkgs/tool/latest/usr/../bin/../bin/tool", "tool")]
    [InlineData("pkgs/tool/latest/bin", "bin")]
    [InlineData("pkgs/tool/latest", "")]
    [InlineData("pkgs/tool/latest/../../..", "")]
    [InlineData("/at/2026-11-20/pkgs/tool/latest/bin/tool", "tool")]
    public async Task Symlinks_and_dots_are_followed_within_the_package(string path, string name) => (await FindAsync(path)).ShouldBe(name);

    [Fact]
    public async Task A_symlink_at_the_end_is_listed_not_followed() => (await FindAsync("pkgs/tool/1.0/usr/bin/up", followLast: false)).ShouldBe("up");

    [Fact]
    public async Task A_name_that_is_no_text_is_found_as_it_is_listed()
    {
        _tree.TryFind(0, OddName, out var row).ShouldBeTrue();
        (await _paths.FindAsync(TreePath.Parse($"pkgs/tool/1.0/{PathText.FromBytes(_tree.Name(row))}"), followLast: true, CancellationToken.None)).Row.ShouldBe(row);
    }

    [Theory]
    [InlineData("pkgs/tool/1.0/round", "round in circles")]
    [InlineData("pkgs/tool/1.0/out", "outside the package")]
    [InlineData("pkgs/tool/1.0/usr/none", "there is no none")]
    [InlineData("pkgs/tool/1.0/usr/bin/tool/x", "no directory")]
    [InlineData("pkgs/tool/3.0", "no version 3.0")]
    [InlineData("pkgs/tooll/3.0", "No package is called tooll")]
    [InlineData("cid/nonsense", "is not a CID")]
    [InlineData("at/2026-11-20/pkgs/tool/2.0", "no version 2.0")]
    [InlineData("at/2026-11-20/pkgs/tooll/1.0", "No package is called tooll")]
    [InlineData("at/2026-11-19/pkgs/tool/1.0", "Nothing is known of the packages at 2026-11-19")]
    public async Task What_is_not_there_is_refused_with_the_reason(string path, string reason) =>
        (await Should.ThrowAsync<RequestException>(() => FindAsync(path))).Message.ShouldContain(reason);

    [Fact]
    public async Task A_subject_without_a_version_means_the_newest()
    {
        var finder = _finder;
        (await finder.FindAsync("tool", CancellationToken.None)).Release!.Version.ShouldBe("2.0");
        (await finder.FindAsync("tool/1.0", CancellationToken.None)).Release!.Version.ShouldBe("1.0");
        (await finder.FindAsync(_tree.Root.ToString(), CancellationToken.None)).Root.ShouldBe(_tree.Root);
        (await Should.ThrowAsync<RequestException>(() => finder.FindAsync("a/b/c", CancellationToken.None))).Error.Code.ShouldBe(ControlErrors.Usage);
    }

    [Theory]
    [InlineData("", "at cid pkgs")]
    [InlineData("/at/", "2026-11-20")]
    [InlineData("at/2026-11-20", "pkgs")]
    [InlineData("at/2026-11-20/pkgs", "tool")]
    [InlineData("at/2026-11-20/pkgs/tool", "1.0 latest")]
    [InlineData("at/2026-11-20/pkgs/tool/latest/usr/bin", "tool up")]
    [InlineData("at/2026-11-29/pkgs/tool", "1.0 2.0 latest")]
    [InlineData("pkgs/tool", "1.0 2.0 latest")]
    [InlineData("cid", "")]
    public async Task What_is_listed_is_what_the_mount_lists_now_and_in_the_past(string path, string names)
    {
        var listed = await new ListRequests(_finder, _paths).ListAsync(new PathRequest(path), CancellationToken.None);
        listed.Entries.Select(entry => entry.Name).ShouldBe(names.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        listed.Path.ShouldBe(path.Trim('/'));
    }

    [Theory]
    [InlineData("at/2026-11-20/cid")]
    [InlineData("at/2026-11-20/cid/bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")]
    [InlineData("at/yesterday")]
    [InlineData("packages")]
    public async Task What_the_mount_does_not_have_is_not_listed(string path) =>
        (await Should.ThrowAsync<RequestException>(() => new ListRequests(_finder, _paths).ListAsync(new PathRequest(path), CancellationToken.None))).Error.Code.ShouldBe(ControlErrors.NotFound);

    /// <summary>All releases now, the first one on 2026-11-20, and nothing before.</summary>
    private sealed class FixedCatalog(params Release[] releases) : ICatalog, ICatalogSnapshot
    {
        public IReadOnlyList<string> Moments => ["2026-11-20"];

        public ValueTask<ICatalogSnapshot?> AtAsync(string moment, CancellationToken cancellationToken) => new(moment == "2026-11-20" ? new FixedCatalog(releases[0]) : null);

        private readonly PackageEntry _entry = new(releases[0].Name, releases);

        public event Action<IReadOnlyList<string>>? Changed
        {
            add { }
            remove { }
        }

        public ICatalogSnapshot Current => this;

        public int Count => 1;

        DateTimeOffset ICatalogSnapshot.Changed => DateTimeOffset.UnixEpoch;

        public PackageEntry this[int index] => _entry;

        public int IndexOf(ReadOnlySpan<byte> name) => name.SequenceEqual(_entry.NameBytes.Span) ? 0 : ~0;

        public ValueTask<Cid> ResolveAsync(Release release, CancellationToken cancellationToken) => new(release.Root!.Value);
    }

    private sealed class OneTree(TreeTable tree) : IPackageContent
    {
        public bool TryGetTree(in Cid root, [NotNullWhen(true)] out TreeTable? found) => (found = root == tree.Root ? tree : null) is not null;

        public ValueTask<TreeTable> GetTreeAsync(Cid root, CancellationToken cancellationToken) =>
            root == tree.Root ? new(tree) : throw new ContentUnavailableException("no such tree");

        public int TryRead(TreeTable table, int row, long offset, Span<byte> destination) => -1;

        public TimeSpan ReadDeadline => TimeSpan.FromSeconds(15);

        public ValueTask<int> ReadAsync(TreeTable table, int row, long offset, Memory<byte> destination, TimeSpan patience, CancellationToken cancellationToken) => new(0);

        public bool TryOpenFlat(TreeTable table, int row, [NotNullWhen(true)] out SafeFileHandle? handle) => (handle = null) is not null;

        public bool IsComplete(in Cid root) => true;

        public IDisposable Use(in Cid root) => new MemoryStream();
    }
}
