using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>All of a suite is shown at once; a package is unpacked by its first reader, and from then on comes from him.</summary>
public class CatalogueTests
{
    // What nobody delivers is given up after so long.
    private const string Deadline = "8s";

    [Fact]
    public async Task A_suite_is_shown_whole_and_a_package_that_one_node_unpacked_is_copied_from_it_by_another_just_as_dpkg_unpacks_it()
    {
        await using var pair = await ImporterAndFollower.CreateAsync();
        await FillAsync(pair.Repository);
        await pair.Repository.DownloadAsync("hello");
        await pair.Repository.PublishAsync(ImporterAndFollower.FirstDate);
        await pair.Importer.StartAsync();

        (await pair.Importer.SyncAsync()).Suites.ShouldHaveSingleItem().Packages.ShouldBe(4);

        var pkgs = $"{pair.Importer.Mount}/pkgs";
        (await Command.ShellAsync($"ls {pkgs}")).Succeeded().ShouldBe("alpha\nbeta\ngamma\nhello\n");
        (await Command.ShellAsync($"ls -l {pkgs}/hello {pkgs}/alpha")).Succeeded().ShouldContain("latest -> 1.0");
        (await Unpacked(pair.Importer)).ShouldBeEmpty();
        (await pair.Importer.ListAsync("pkgs/hello")).ShouldAllBe(version => version.Cid == null);

        await CopyAndCompareAsync(pair, pair.Importer, "hello");
        (await Command.ShellAsync($"{pkgs}/hello/latest/usr/bin/hello")).Succeeded().ShouldStartWith("Hello, world!");

        await pair.Follower.StartAsync();
        await Eventually.HoldsAsync(async () => await IsUnpackedAsync(pair.Follower, "hello"), "the follower knows the tree");
        (await Command.ShellAsync($"ls {pair.Follower.Mount}/pkgs")).Succeeded().ShouldBe("alpha\nbeta\ngamma\nhello\n");
        await CopyAndCompareAsync(pair, pair.Follower, "hello");
        (await Command.ShellAsync($"{pair.Follower.Mount}/pkgs/hello/latest/usr/bin/hello")).Succeeded().ShouldStartWith("Hello, world!");
        (await Unpacked(pair.Importer)).Count.ShouldBe(1);
        (await Unpacked(pair.Follower)).ShouldBeEmpty();
        var source = (await pair.Follower.StatusAsync()).Roots.Single(root => root.Name == "hello").Sources.ShouldHaveSingleItem();
        source.NodeId.ShouldBe((await pair.Importer.StatusAsync()).NodeId);
    }

    [Fact]
    public async Task What_nobody_unpacked_while_its_origin_is_gone_is_an_error_in_time_with_its_reason_in_the_log_and_comes_once_the_origin_is_back()
    {
        await using var pair = await CreateSyncedAsync(followerHasSources: false);
        pair.Repository.TakePoolAway();

        var read = await ReadAsync(pair.Importer, "alpha");

        read.Error.ShouldContain("Input/output error");
        read.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15));
        await pair.Importer.LogsAsync("alpha 1.0 cannot be made from its origin");
        await pair.Importer.LogsAsync("pool/alpha_1.0_all.deb cannot be read");
        pair.Repository.BringPoolBack();
        (await ReadAsync(pair.Importer, "alpha")).Succeeded().ShouldBe("alpha's text");
    }

    [Fact]
    public async Task A_tree_whose_only_holder_is_killed_before_any_of_it_travelled_comes_from_the_origin()
    {
        await using var pair = await CreateSyncedAsync(followerHasSources: true);
        (await ReadAsync(pair.Importer, "beta")).Succeeded();
        await pair.Follower.StartAsync();
        await pair.Follower.SyncAsync();
        await Eventually.HoldsAsync(async () => await IsUnpackedAsync(pair.Follower, "beta"), "the follower knows the tree");
        await pair.Importer.KillAsync();

        (await ReadAsync(pair.Follower, "beta")).Succeeded().ShouldBe("beta's text");

        (await Unpacked(pair.Follower)).ShouldBeEmpty();
        (await pair.Follower.StatusAsync()).Roots.ShouldNotContain(root => root.Name == "beta");
    }

    [Fact]
    public async Task What_nobody_unpacked_comes_from_the_origin_also_to_a_node_that_has_never_read_the_suites_itself()
    {
        await using var pair = await CreateSyncedAsync(followerHasSources: true);
        await pair.Follower.StartAsync();
        await Eventually.HoldsAsync(async () => (await pair.Follower.SwarmAsync("ls", "pkgs/gamma")).ExitCode == 0, "the follower knows the suite");
        await pair.Importer.KillAsync();

        (await ReadAsync(pair.Follower, "gamma")).Succeeded().ShouldBe("gamma's text");
    }

    /// <summary>The importer runs and knows three packages, of which none is unpacked.</summary>
    private static async Task<ImporterAndFollower> CreateSyncedAsync(bool followerHasSources)
    {
        var pair = await ImporterAndFollower.CreateAsync(followerHasSources, "--deadline", Deadline);
        try
        {
            await FillAsync(pair.Repository);
            await pair.Repository.PublishAsync(ImporterAndFollower.FirstDate);
            await pair.Importer.StartAsync();
            await pair.Importer.SyncAsync();
            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    private static async Task FillAsync(LocalRepository repository)
    {
        foreach (var name in (string[])["alpha", "beta", "gamma"]) await repository.BuildAsync(name, "1.0", $"{name}'s text");
    }

    private static Task<CommandResult> ReadAsync(TestNode node, string package) => Command.ShellAsync($"cat {node.Mount}/pkgs/{package}/latest/usr/share/{package}/text");

    /// <summary>Records of trees in the node's own log.</summary>
    private static async Task<IReadOnlyList<string>> Unpacked(TestNode node)
    {
        return [.. (await node.OwnLogAsync()).Records.Where(record => record.StartsWith("swarmfs.tree/v1\n", StringComparison.Ordinal))];
    }

    private static async Task<bool> IsUnpackedAsync(TestNode node, string package) =>
        (await node.SwarmAsync("ls", $"pkgs/{package}")).ExitCode == 0 && (await node.ListAsync($"pkgs/{package}")).Any(version => version.Cid is not null);

    /// <summary>Against what dpkg-deb unpacks, but for the time of the top: dpkg-deb -x leaves that of the directory that it unpacks into.</summary>
    private static async Task CopyAndCompareAsync(ImporterAndFollower pair, TestNode node, string package)
    {
        var (reference, copy) = (pair.Scratch["reference"], pair.Scratch["copy"]);
        (await Command.ShellAsync($"rm -rf '{reference}' '{copy}' && mkdir '{copy}' && dpkg-deb -x '{pair.Repository.Archive(package)}' '{reference}'")).Succeeded();
        (await Command.ShellAsync($"cp -a '{node.Mount}/pkgs/{package}/latest/.' '{copy}' && diff -r --no-dereference '{reference}' '{copy}'")).Succeeded();
        TreeListing.ShouldBeSame(BelowTop(await TreeListing.OfAsync(reference)), BelowTop(await TreeListing.OfAsync(copy)), $"the copy of {package}");
    }

    private static string BelowTop(string listing) => string.Join('\n', listing.Split('\n').Where(line => !line.StartsWith('|')));
}
