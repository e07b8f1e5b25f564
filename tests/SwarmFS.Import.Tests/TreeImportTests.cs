namespace SwarmFS.Import.Tests;

public class TreeImportTests
{
    [Fact]
    public async Task A_directory_becomes_a_tree_that_equals_it()
    {
        using var workshop = new Workshop();
        var source = Path.Join(workshop.Directory, "source");
        const string Script = """
            mkdir -p "$1/sub/empty" && cd "$1" && printf hello > plain && ln plain sub/linked && ln -s /nowhere/at/all link && head -c 3000000 /dev/urandom > large &&
            chmod 4751 plain && chmod 1777 sub/empty && chown 12:34 large && printf x > "$(printf 'odd\377\nname')" && touch -h -d '1969-07-20 20:17:40.123456789 UTC' sub link && : > none
            """;
        Tool.Run("sh", "-c", Script, "sh", source);
        Tool.ExitCode("setfattr", "-n", "user.note", "-v", "value", Path.Join(source, "plain"));
        var imported = await workshop.Importer.ImportTreeAsync(source, "My_tool", "1:1.0", CancellationToken.None);
        (imported.Name, imported.Version).ShouldBe(("My_tool", "1%3a1.0"));
        Listing.OfTree(workshop.Tree(imported.Root), workshop.Store, withOwner: true).ShouldBe(Listing.OfDirectory(source, withOwner: true));
        workshop.Store.Pins.ShouldHaveSingleItem().Root.ShouldBe(imported.Root);
        (await workshop.Importer.ImportTreeAsync(source, "My_tool", "1:1.0", CancellationToken.None)).Root.ShouldBe(imported.Root);
    }

    [Fact]
    public async Task A_large_file_shows_progress_and_can_be_left_in_the_middle()
    {
        using var workshop = new Workshop();
        using var cancelled = new CancellationTokenSource();
        var source = Directory.CreateDirectory(Path.Join(workshop.Directory, "source")).FullName;
        Tool.Run("sh", "-c", "head -c 50000000 /dev/urandom > \"$1/large\"", "sh", source);
        var progress = new CancelAfter(10_000_000, cancelled);
        await Should.ThrowAsync<OperationCanceledException>(workshop.Importer.ImportTreeAsync(source, "tool", "1", cancelled.Token, progress));
        progress.Last.ShouldBeInRange(10_000_000, 15_000_000);
        workshop.Store.Pins.ShouldBeEmpty();
    }

    private sealed class CancelAfter(long bytes, CancellationTokenSource source) : IProgress<ImportProgress>
    {
        public long Last { get; private set; }

        public void Report(ImportProgress value)
        {
            Last = value.Done;
            if (value.Done > bytes) source.Cancel();
        }
    }

    [Theory]
    [InlineData("mkfifo")]
    [InlineData("mknod")]
    [InlineData("socket")]
    public async Task What_is_no_file_is_refused_by_name(string kind)
    {
        using var workshop = new Workshop();
        var source = Directory.CreateDirectory(Path.Join(workshop.Directory, "source")).FullName;
        var strange = Path.Join(source, "strange");
        if (kind == "mkfifo") Tool.Run("mkfifo", strange);
        if (kind == "mknod") Tool.Run("mknod", strange, "c", "1", "3");
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        if (kind == "socket") socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(strange));
        var refusal = await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportTreeAsync(source, "tool", "1", CancellationToken.None));
        refusal.Message.ShouldContain("strange");
        workshop.Store.Pins.ShouldBeEmpty();
        workshop.Store.Held.ShouldBe(0);
    }

    [Theory]
    [InlineData("../tool", "1")]
    [InlineData("tool", "../1")]
    [InlineData("tool", "latest")]
    [InlineData("", "1")]
    public async Task Names_and_versions_that_may_not_stand_in_a_path_are_refused(string name, string version)
    {
        using var workshop = new Workshop();
        await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportTreeAsync(workshop.Directory, name, version, CancellationToken.None));
    }

    [Fact]
    public async Task How_long_a_name_or_a_version_may_be_is_said_when_it_is_longer()
    {
        using var workshop = new Workshop();
        var tooLong = new string('x', 201);
        (await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportTreeAsync(workshop.Directory, tooLong, "1", CancellationToken.None))).Message.ShouldContain("at most 128 characters");
        (await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportTreeAsync(workshop.Directory, "tool", tooLong, CancellationToken.None))).Message.ShouldContain("at most 200 characters");
    }

    [Fact]
    public async Task A_missing_directory_and_a_file_are_refused_with_their_path()
    {
        using var workshop = new Workshop();
        var absent = Path.Join(workshop.Directory, "absent");
        (await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportTreeAsync(absent, "tool", "1", CancellationToken.None))).Message.ShouldContain(absent);
        var file = workshop.Write("file", [1]);
        (await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportTreeAsync(file, "tool", "1", CancellationToken.None))).Message.ShouldContain(file);
    }
}
