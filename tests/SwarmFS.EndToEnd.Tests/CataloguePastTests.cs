using System.Globalization;
using System.Text.Json;
using SwarmFS.Control;
using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>A suite goes on while it is mounted: what is new shows at once, and what was stays.</summary>
public class CataloguePastTests
{
    // Between the end of a sync and the new version on the mount.
    private static readonly TimeSpan NewsDeadline = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_new_version_becomes_latest_on_mounted_nodes_and_the_old_state_stays_readable_by_its_time()
    {
        await using var pair = await ImporterAndFollower.CreateAsync();
        await pair.Repository.BuildAsync("alpha", "1.0", "old text");
        await pair.Repository.BuildAsync("beta", "1.0", "beta's text");
        await pair.Repository.PublishAsync(ImporterAndFollower.FirstDate);
        await pair.Importer.StartAsync();
        await pair.Importer.SyncAsync();
        await pair.Follower.StartAsync();
        await pair.Follower.WaitForPathAsync("pkgs/alpha/1.0");
        (await LatestAsync(pair.Importer)).ShouldBe("1.0");
        (await LatestAsync(pair.Follower)).ShouldBe("1.0");
        var between = await NextSecondAsync();

        await pair.Repository.BuildAsync("alpha", "2.0", "new text");
        await pair.Repository.PublishAsync(ImporterAndFollower.FirstDate.AddDays(1), only: ["alpha_2.0", "beta"]);
        await pair.Importer.SyncAsync();

        foreach (var node in (TestNode[])[pair.Importer, pair.Follower])
            (await Eventually.HoldsAsync(async () => await LatestAsync(node) == "2.0", $"{node.Directory} shows 2.0")).ShouldBeLessThan(NewsDeadline);
        foreach (var (moment, versions, text) in new[] { ($"at/{between}/", "1.0\nlatest\n", "old text"), ("", "2.0\nlatest\n", "new text") })
        {
            (await Command.ShellAsync($"ls {pair.Importer.Mount}/{moment}pkgs/alpha")).Succeeded().ShouldBe(versions);
            (await Command.ShellAsync($"cat {pair.Importer.Mount}/{moment}pkgs/alpha/latest/usr/share/alpha/text")).Succeeded().ShouldBe(text);
            // Unpacked this moment: the follower, which has no sources, hears of it within a second or two.
            (await pair.Follower.SwarmAsync("cat", $"{moment}pkgs/alpha/latest/usr/share/alpha/text")).Succeeded().ShouldBe(text);
        }
        (await Command.ShellAsync($"ls {pair.Importer.Mount}/at/2001-01-01")).ExitCode.ShouldNotBe(0);

        var history = JsonSerializer.Deserialize((await pair.Follower.SwarmAsync("history", "alpha", "--json")).Succeeded(), ControlJson.Default.HistoryReport)!;
        history.Latest.ShouldBe("2.0");
        history.Versions.Select(version => (version.Version, version.Seen, version.Gone)).ShouldBe(
            [("1.0", ImporterAndFollower.FirstDate, ImporterAndFollower.FirstDate.AddDays(1)), ("2.0", ImporterAndFollower.FirstDate.AddDays(1), null)]);
        (await pair.Follower.SwarmAsync("history", "nonesuch")).ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task The_state_of_yesterday_is_listed_under_its_day()
    {
        using var scratch = new Scratch();
        using var repository = await LocalRepository.CreateAsync(scratch["repository"]);
        await repository.BuildAsync("alpha", "1.0", "old text");
        await repository.PublishAsync(ImporterAndFollower.FirstDate);
        var then = DateTimeOffset.UtcNow.AddDays(-1);
        await using (var yesterday = new TestNode(scratch["node"], host: null, "--apt-etc", repository.Etc)
        {
            Port = 0,
            Environment = new Dictionary<string, string> { [ProgramClock.Variable] = $"{then.ToUnixTimeSeconds()}" },
        })
        {
            await yesterday.StartAsync();
            await yesterday.SyncAsync();
            (await yesterday.StopAsync()).ShouldBe(0);
        }
        await repository.BuildAsync("alpha", "2.0", "new text");
        await repository.PublishAsync(ImporterAndFollower.FirstDate.AddDays(1), only: ["alpha_2.0"]);
        await using var today = new TestNode(scratch["node"], host: null, "--apt-etc", repository.Etc) { Port = 0 };
        await today.StartAsync();
        await today.SyncAsync();

        (await Command.ShellAsync($"ls {today.Mount}/at")).Succeeded().ShouldBe($"{then:yyyy-MM-dd}\n");
        (await Command.ShellAsync($"readlink {today.Mount}/at/{then:yyyy-MM-dd}/pkgs/alpha/latest {today.Mount}/pkgs/alpha/latest")).Succeeded().ShouldBe("1.0\n2.0\n");
        (await Command.ShellAsync($"cat {today.Mount}/at/{then:yyyy-MM-dd}/pkgs/alpha/latest/usr/share/alpha/text")).Succeeded().ShouldBe("old text");
    }

    [Fact]
    public async Task A_pin_makes_a_version_latest_that_its_suite_dropped_until_it_is_taken_back_also_over_a_restart()
    {
        await using var pair = await ImporterAndFollower.CreateAsync();
        await PublishTwiceAsync(pair);

        (await pair.Importer.SwarmAsync("pin", "alpha=1.0")).Succeeded().ShouldContain("pinned alpha/1.0");
        (await LatestAsync(pair.Importer)).ShouldBe("1.0");
        await pair.Importer.KillAsync();
        await pair.Importer.StartAsync();
        (await LatestAsync(pair.Importer)).ShouldBe("1.0");
        (await Command.ShellAsync($"cat {pair.Importer.Mount}/pkgs/alpha/latest/usr/share/alpha/text {pair.Importer.Mount}/pkgs/alpha/2.0/usr/share/alpha/text")).Succeeded().ShouldBe("old textnew text");
        (await pair.Importer.SwarmAsync("unpin", "alpha=1.0")).Succeeded();
        (await LatestAsync(pair.Importer)).ShouldBe("2.0");
        (await pair.Importer.SwarmAsync("unpin", "alpha=1.0")).ExitCode.ShouldBe(1);
        var refused = await pair.Importer.SwarmAsync("pin", "alpha=3.0");
        refused.ExitCode.ShouldBe(1);
        refused.Error.ShouldContain("3.0 of alpha");
    }

    [Fact]
    public async Task The_reasons_for_a_version_can_be_shown_taken_along_and_made_again()
    {
        await using var pair = await ImporterAndFollower.CreateAsync();
        await PublishTwiceAsync(pair);
        (await Command.ShellAsync($"ls {pair.Importer.Mount}/pkgs/alpha/latest/")).Succeeded();
        await pair.Follower.StartAsync();
        await pair.Follower.WaitForPathAsync("pkgs/alpha/2.0");

        var verified = (await pair.Follower.SwarmAsync("verify", "alpha")).Succeeded();
        verified.ShouldContain("alpha 2.0 is confirmed");
        verified.ShouldNotContain("MISSING");
        foreach (var step in (string[])["signature", "packages", "index", "log", "archive", "tree"]) verified.ShouldContain($"ok      {step} ");
        (await pair.Follower.SwarmAsync("verify", "nonesuch")).ExitCode.ShouldBe(1);

        (await pair.Importer.SwarmAsync("challenge", "alpha")).Succeeded().ShouldContain("The same.");
        pair.Repository.TakePoolAway();
        (await pair.Importer.SwarmAsync("challenge", "alpha")).ExitCode.ShouldBe(1);
        (await pair.Follower.SwarmAsync("audit")).Succeeded().ShouldContain("0 findings");

        var proof = pair.Scratch["alpha.proof"];
        (await pair.Follower.SwarmAsync("proof", "get", "alpha", "-o", proof)).Succeeded();
        Proofs.ShouldProve(await File.ReadAllTextAsync(proof), await File.ReadAllTextAsync(proof + ".entry"), pair.Importer.TrustKey);
        (await pair.Follower.SwarmAsync("proof", "get", "nonesuch")).ExitCode.ShouldBe(1);
    }

    private static async Task PublishTwiceAsync(ImporterAndFollower pair)
    {
        await pair.Repository.BuildAsync("alpha", "1.0", "old text");
        await pair.Repository.PublishAsync(ImporterAndFollower.FirstDate);
        await pair.Importer.StartAsync();
        await pair.Importer.SyncAsync();
        await pair.Repository.BuildAsync("alpha", "2.0", "new text");
        await pair.Repository.PublishAsync(ImporterAndFollower.FirstDate.AddDays(1), only: ["alpha_2.0"]);
        await pair.Importer.SyncAsync();
    }

    private static async Task<string> LatestAsync(TestNode node) => (await Command.ShellAsync($"readlink {node.Mount}/pkgs/alpha/latest")).Succeeded().Trim();

    /// <summary>The second that runs, once it is over: what is recorded later has a later time.</summary>
    private static async Task<string> NextSecondAsync()
    {
        var now = DateTimeOffset.UtcNow;
        await Task.Delay(TimeSpan.FromMilliseconds(1_000 - now.Millisecond + 1));
        return now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }
}
