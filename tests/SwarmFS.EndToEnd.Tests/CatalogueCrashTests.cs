using System.Text;
using System.Text.Json;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.EndToEnd.Tests.Machines;
using SwarmFS.Transparency;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>An importer ends as SIGKILL ends it, at any moment: what a command said is done is provable, and nobody ever sees two histories.</summary>
public class CatalogueCrashTests
{
    private const int Kills = 20;

    [Fact]
    public async Task After_twenty_kills_all_that_was_promised_is_provable_and_a_follower_has_seen_one_history()
    {
        await using var pair = await ImporterAndFollower.CreateAsync();
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var promised = new List<string>();
        var sizes = new List<long>();
        await pair.Follower.StartAsync();
        for (var kill = 0; kill < Kills; kill++)
        {
            await pair.Repository.BuildAsync("alpha", $"1.{kill}", $"text {kill}");
            await pair.Repository.PublishAsync(ImporterAndFollower.FirstDate.AddDays(kill), only: [$"alpha_1.{kill}_"]);
            Content.WriteSmallFiles(pair.Scratch[$"own{kill}"], 50, seed: kill);
            await pair.Importer.StartAsync();
            sizes.Add(await SizeAsync(pair.Importer));
            var commands = Commands(pair, kill).ToList();
            await Task.Delay(random.Next(10, 1_500));
            sizes.Add(Math.Max(sizes[^1], await SeenAsync(pair)));
            await pair.Importer.KillAsync();
            foreach (var (promise, command) in commands)
                if ((await command).ExitCode == 0) promised.Add(promise);
        }
        await pair.Importer.StartAsync();
        sizes.Add(await SizeAsync(pair.Importer));
        await pair.Importer.SyncAsync();

        sizes.ShouldBeInOrder(SortDirection.Ascending, $"seed {seed}");
        promised.Count.ShouldBeGreaterThan(0, $"seed {seed}");
        var recorded = await NamesAsync(pair.Importer);
        foreach (var promise in promised) recorded.ShouldContain(promise, $"seed {seed}");
        foreach (var release in promised.Where(promise => !promise.StartsWith("suite", StringComparison.Ordinal))) await ShouldBeProvableAsync(pair, release);
        (await pair.Importer.SwarmAsync("fsck")).Succeeded();
        (await pair.Importer.SwarmAsync("audit")).Succeeded().ShouldContain("0 findings");

        var entries = (await pair.Importer.OwnLogAsync()).Entries;
        await Eventually.HoldsAsync(async () => (await FollowedAsync(pair)).Entries == entries, $"the follower has all {entries} entries (seed {seed})");
        (await pair.Follower.StatusAsync()).Catalogue.Forks.ShouldBeEmpty();
        (await pair.Follower.SwarmAsync("audit")).Succeeded().ShouldContain("0 findings");
        (await Command.ShellAsync($"ls {pair.Follower.Mount}/pkgs/alpha")).Succeeded().ShouldBe($"1.{Kills - 1}\nlatest\n");
        (await Command.ShellAsync($"cat {pair.Importer.Mount}/pkgs/alpha/latest/usr/share/alpha/text")).Succeeded().ShouldBe($"text {Kills - 1}");
    }

    /// <summary>What is under way when the importer is killed, by what its success promises.</summary>
    private static IEnumerable<(string Promise, Task<CommandResult> Command)> Commands(ImporterAndFollower pair, int kill)
    {
        var own = pair.Scratch[$"own{kill}"];
        yield return ($"suite {ImporterAndFollower.FirstDate.AddDays(kill):u}", pair.Importer.SwarmAsync("sync"));
        yield return ($"published/{kill}", pair.Importer.SwarmAsync("publish", own, "--name", "published", "--version", $"{kill}"));
        yield return ($"imported/{kill}", pair.Importer.SwarmAsync("import", "tree", own, "--name", "imported", "--version", $"{kill}"));
    }

    private static async Task<HashSet<string>> NamesAsync(TestNode node)
    {
        var names = new HashSet<string>();
        foreach (var record in (await node.OwnLogAsync()).Records)
        {
            switch (CatalogRecord.TryRead(Encoding.UTF8.GetBytes(record), out _))
            {
                case SuiteRecord suite:
                    names.Add($"suite {suite.Date:u}");
                    break;
                case ReleaseRecord release:
                    names.Add($"{release.Name}/{release.Version}");
                    break;
            }
        }
        return names;
    }

    private static async Task ShouldBeProvableAsync(ImporterAndFollower pair, string release)
    {
        var proof = JsonSerializer.Deserialize((await pair.Importer.SwarmAsync("proof", "get", release, "--json")).Succeeded(), ControlJson.Default.ProofReport)!;
        Proofs.ShouldProve(proof.Proof, proof.Record, pair.Importer.TrustKey);
    }

    /// <summary>Entries under the importer's checkpoint, by its own word.</summary>
    private static async Task<long> SizeAsync(TestNode importer)
    {
        if ((await importer.OwnLogAsync()).Checkpoint is not { } note) return 0;
        SignedNote.TryRead(Encoding.UTF8.GetBytes(note), out var signed, out _).ShouldBeTrue();
        Checkpoint.TryRead(signed!.Text, out var checkpoint, out _).ShouldBeTrue();
        return checkpoint!.Size;
    }

    /// <summary>Entries that the follower has verified: the importer must never have fewer.</summary>
    private static async Task<long> SeenAsync(ImporterAndFollower pair) => (await FollowedAsync(pair)).Entries;

    private static async Task<LogStateReport> FollowedAsync(ImporterAndFollower pair) =>
        (await pair.Follower.StatusAsync()).Catalogue.Logs.Single(log => log.Key == pair.Importer.TrustKey);
}
