using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Import.Tests;

public class DebImportTests
{
    private static TarWriter Files() => new TarWriter().Directory("./").Directory("./usr/").File("./usr/a", "hello", mode: 0xded).HardLink("./usr/b", "./usr/a").Symlink("./usr/c", "/etc/passwd");

    private static async Task<string> RefusalAsync(byte[] deb)
    {
        using var workshop = new Workshop();
        var path = workshop.Write("x.deb", deb);
        var refusal = await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportDebAsync(path, CancellationToken.None));
        workshop.Store.Pins.ShouldBeEmpty();
        workshop.Store.Held.ShouldBe(0);
        refusal.Message.ShouldContain(path);
        return refusal.Message;
    }

    private static Task<string> RefusalAsync(TarWriter files) => RefusalAsync(Deb.Of(files.Finish()));

    [Fact]
    public async Task A_package_becomes_a_pinned_tree_under_the_name_it_bears()
    {
        using var workshop = new Workshop();
        var imported = await workshop.Importer.ImportDebAsync(workshop.Write("x.deb", Deb.Of(Files().Finish())), CancellationToken.None);
        (imported.Name, imported.Version).ShouldBe(("demo", "1%3a2.0-1"));
        (imported.Bytes, imported.Entries).ShouldBe((5, 5));
        imported.Evidence.Artifact!.Size.ShouldBe(new FileInfo(Path.Join(workshop.Directory, "x.deb")).Length);
        workshop.Store.Pins.ShouldHaveSingleItem().ShouldBe(new PinnedRoot(imported.Root, "import"));
        var tree = workshop.Tree(imported.Root);
        tree.TryFindPath("usr/a"u8, out var row).ShouldBeTrue();
        (tree[row].Permissions, tree[row].SpecialBits, tree[row].LinkCount).ShouldBe(((ushort)0x1ed, (byte)6, 2));
        tree.TryFindPath("usr/c"u8, out row).ShouldBeTrue();
        Encoding.UTF8.GetString(tree.SymlinkTarget(row)).ShouldBe("/etc/passwd");
    }

    [Fact]
    public async Task The_packing_leaves_no_trace_in_the_root()
    {
        using var workshop = new Workshop();
        var roots = new HashSet<Cid>();
        foreach (var packing in new[] { "", ".gz", ".xz", ".zst" })
            roots.Add((await workshop.Importer.ImportDebAsync(workshop.Write("x.deb", Deb.Of(Files().Finish(), packing: packing)), CancellationToken.None)).Root);
        roots.Count.ShouldBe(1);
    }

    /// <summary>A change here is a change of the format: every importer of the world would have to make it at once.</summary>
    [Fact]
    public async Task A_package_has_the_same_root_for_ever()
    {
        using var workshop = new Workshop();
        var files = Files().Pax(("SCHILY.xattr.user.note", "value"), ("mtime", "1700000000.000000001")).File("./etc/note", new string('n', 3000)).Finish();
        var imported = await workshop.Importer.ImportDebAsync(workshop.Write("x.deb", Deb.Of(files, packing: "")), CancellationToken.None);
        imported.Root.ToString().ShouldBe("bagaqieragpvz2hq6lol4tnmvvekey53jwxnt5yb2jpnpaupb4vahll55e24a");
    }

    [Fact]
    public async Task Extended_attributes_are_recorded()
    {
        using var workshop = new Workshop();
        var deb = Deb.Of(new TarWriter().Pax(("SCHILY.xattr.user.note", "value")).File("./a", "x").Finish());
        var imported = await workshop.Importer.ImportDebAsync(workshop.Write("x.deb", deb), CancellationToken.None);
        var tree = workshop.Tree(imported.Root);
        tree.TryFindPath("a"u8, out var row).ShouldBeTrue();
        Encoding.ASCII.GetString(tree.Xattrs(row)[0].Name.Span).ShouldBe("user.note");
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../escape")]
    [InlineData("./usr/../../escape")]
    [InlineData("./a/./b")]
    [InlineData("./..")]
    [InlineData("./")]
    public async Task Names_that_leave_the_package_are_refused(string name) => (await RefusalAsync(Files().File(name, "x"))).ShouldContain(EscapedText.Of(name));

    [Fact]
    public async Task Names_that_are_too_long_are_refused()
    {
        (await RefusalAsync(Files().Pax(("path", "./" + new string('n', 256))).File("x", ""))).ShouldContain("255");
        (await RefusalAsync(Files().Pax(("path", "./" + string.Join('/', Enumerable.Repeat("dir", 1100)))).File("x", ""))).ShouldContain("4096");
        (await RefusalAsync(Files().Pax(("path", "./" + string.Join('/', Enumerable.Repeat("d", 90)))).File("x", ""))).ShouldContain("deep");
    }

    [Theory]
    [InlineData('3', "device")]
    [InlineData('4', "device")]
    [InlineData('6', "FIFO")]
    public async Task Device_nodes_and_fifos_are_refused(char type, string reason)
    {
        var message = await RefusalAsync(Files().Add("./dev/null", type));
        message.ShouldContain("./dev/null");
        message.ShouldContain(reason);
    }

    [Fact]
    public async Task An_entry_below_a_symlink_or_a_file_is_refused()
    {
        (await RefusalAsync(Files().Symlink("./lib", "/etc").File("./lib/passwd", "x"))).ShouldContain("./lib/passwd");
        (await RefusalAsync(Files().File("./usr/a/b", "x"))).ShouldContain("./usr/a/b");
        (await RefusalAsync(Files().File("./lib/passwd", "x").Symlink("./lib", "/etc"))).ShouldContain("./lib");
    }

    [Fact]
    public async Task Two_entries_of_one_path_are_refused_but_the_same_directory_may_be_listed_again()
    {
        (await RefusalAsync(Files().File("./usr/a", "other"))).ShouldContain("./usr/a");
        (await RefusalAsync(Files().File("usr/a", "other"))).ShouldContain("usr/a");
        (await RefusalAsync(Files().Directory("./usr/", mode: 0x1c0))).ShouldContain("./usr/");
        using var workshop = new Workshop();
        (await workshop.Importer.ImportDebAsync(workshop.Write("x.deb", Deb.Of(Files().Directory("./usr/").Finish())), CancellationToken.None)).Entries.ShouldBe(5);
    }

    [Fact]
    public async Task A_hard_link_to_nothing_to_a_directory_or_out_of_the_package_is_refused()
    {
        (await RefusalAsync(Files().HardLink("./l", "./missing"))).ShouldContain("./missing");
        (await RefusalAsync(Files().HardLink("./l", "./usr"))).ShouldContain("directory");
        (await RefusalAsync(Files().HardLink("./l", "/etc/passwd"))).ShouldContain("/etc/passwd");
    }

    [Fact]
    public async Task A_file_that_is_cut_off_anywhere_is_refused()
    {
        var deb = Deb.Of(Files().Finish(), packing: ".xz");
        foreach (var length in Enumerable.Range(0, 12).Select(i => deb.Length * i / 12).Append(deb.Length - 2)) await RefusalAsync(deb[..length]);
    }

    [Fact]
    public async Task Bytes_behind_the_package_are_refused()
    {
        var deb = Deb.Of(Files().Finish());
        await RefusalAsync([.. deb, .. "garbage"u8]);
        (await RefusalAsync(Files().Raw(new byte[1024]).Raw(new TarWriter().File("hidden", "").Finish()))).ShouldContain("follow");
    }

    [Fact]
    public async Task A_bomb_is_refused_at_its_bound()
    {
        using var workshop = new Workshop();
        var tar = Path.Join(workshop.Directory, "tar");
        using (var file = new FileStream(tar, FileMode.CreateNew))
        {
            file.Write(new TarWriter().Add("./zeros", '0', size: 300L << 20).WithoutEnd());
            file.SetLength(file.Length + (300L << 20) + 1024);
        }
        Tool.Run("zstd", "-q", tar);
        var deb = Deb.Ar(
            ("debian-binary", "2.0\n"u8.ToArray()), ("control.tar", new TarWriter().File("control", "Package: a\nVersion: 1\nArchitecture: all\n").Finish()),
            ("data.tar.zst", File.ReadAllBytes(tar + ".zst")));
        deb.Length.ShouldBeLessThan(1 << 20);
        var message = await RefusalAsync(deb);
        message.ShouldContain("data.tar.zst");
        message.ShouldContain("bound");
    }

    [Fact]
    public async Task What_is_no_package_is_refused_by_its_member()
    {
        var control = new TarWriter().File("control", "Package: a\nVersion: 1\nArchitecture: all\n").Finish();
        var data = Files().Finish();
        (await RefusalAsync("no archive"u8.ToArray())).ShouldContain("no");
        (await RefusalAsync(Deb.Ar(("debian-binary", "3.0\n"u8.ToArray())))).ShouldContain("3.0");
        (await RefusalAsync(Deb.Ar(("debian-binary", "2.0\n"u8.ToArray()), ("data.tar", data)))).ShouldContain("control.tar");
        (await RefusalAsync(Deb.Ar(("debian-binary", "2.0\n"u8.ToArray()), ("control.tar", control)))).ShouldContain("data.tar");
        (await RefusalAsync(Deb.Ar(("debian-binary", "2.0\n"u8.ToArray()), ("control.tar", control), ("data.tar.bz2", data)))).ShouldContain("data.tar.bz2");
        (await RefusalAsync(Deb.Of(data, "Package: Evil/../x\nVersion: 1\nArchitecture: all\n"))).ShouldContain("Evil");
        (await RefusalAsync(Deb.Of(data, "Package: a\nVersion: ../..\nArchitecture: all\n"))).ShouldContain("../..");
        (await RefusalAsync(Deb.Of(data, "Package: a\nArchitecture: all\n"))).ShouldContain("Version");
    }

    [Fact]
    public async Task A_missing_file_is_told_with_its_path()
    {
        using var workshop = new Workshop();
        var path = Path.Join(workshop.Directory, "absent.deb");
        (await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportDebAsync(path, CancellationToken.None))).Message.ShouldContain(path);
    }

    [Fact]
    public async Task A_cancelled_import_ends_and_pins_nothing()
    {
        using var workshop = new Workshop();
        using var cancelled = new CancellationTokenSource();
        var path = workshop.Write("x.deb", Deb.Of(Files().File("./big", new string('x', 5 << 20)).Finish(), packing: ""));
        var progress = new CancelAtOnce(cancelled);
        await Should.ThrowAsync<OperationCanceledException>(workshop.Importer.ImportDebAsync(path, cancelled.Token, progress));
        workshop.Store.Pins.ShouldBeEmpty();
        workshop.Store.Held.ShouldBe(0);
    }

    [Fact]
    public async Task A_file_that_is_written_while_it_is_read_is_refused()
    {
        using var workshop = new Workshop();
        var path = workshop.Write("x.deb", Deb.Of(Files().File("./big", new string('x', 5 << 20)).Finish(), packing: ""));
        var refusal = await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportDebAsync(path, CancellationToken.None, new AtFirst(() => File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch))));
        refusal.Message.ShouldContain($"{path} changed while it was read");
        workshop.Store.Pins.ShouldBeEmpty();
    }

    private sealed class CancelAtOnce(CancellationTokenSource source) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => source.Cancel();
    }

    private sealed class AtFirst(Action action) : IProgress<ImportProgress>
    {
        private Action? _action = action;

        public void Report(ImportProgress value)
        {
            _action?.Invoke();
            _action = null;
        }
    }
}
