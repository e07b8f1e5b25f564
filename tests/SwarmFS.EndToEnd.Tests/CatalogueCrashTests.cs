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

    private const string Suite = "suite ";

    [Fact]
    public async Task After_twenty_kills_all_that_was_promised_is_provable_and_a_follower_has_seen_one_history()
    {
        await using var pair = await ImporterAndFollower.CreateAsync();
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var (promised, lasts) = (new List<string>(), new List<string>());
        var sizes = new List<long>();
        await pair.Follower.StartAsync();
        for (var kill = 0; kill < Kills; kill++)
        {
            await pair.Repository.BuildAsync("alpha", $"1.{kill}", $"text {kill}");
            await pair.Repository.PublishAsync(ImporterAndFollower.FirstDate.AddDays(kill), only: [$"alpha_1.{kill}_"]);
            Content.WriteSmallFiles(pair.Scratch[$"own{kill}"], 50, seed: kill);
            await pair.Importer.StartAsync();
            sizes.Add(await SizeAsync(pair.Importer));
            var loops = Loops(pair, kill).Select(loop => RepeatAsync(pair.Importer, loop)).ToList();
            await Task.Delay(random.Next(10, 1_500));
            sizes.Add(Math.Max(sizes[^1], (await FollowedAsync(pair)).Entries));
            await pair.Importer.KillAsync();
            foreach (var loop in loops)
            {
                var done = await loop;
                promised.AddRange(done);
                if (done.LastOrDefault(promise => !promise.StartsWith(Suite, StringComparison.Ordinal)) is { } last) lasts.Add(last);
            }
        }
        await pair.Importer.StartAsync();
        sizes.Add(await SizeAsync(pair.Importer));
        await pair.Importer.SyncAsync();

        sizes.ShouldBeInOrder(SortDirection.Ascending, $"seed {seed}");
        promised.Count.ShouldBeGreaterThan(Kills, $"seed {seed}");
        var recorded = await NamesAsync(pair.Importer);
        foreach (var promise in promised) recorded.ShouldContain(promise, $"seed {seed}");
        foreach (var release in lasts) await ShouldBeProvableAsync(pair, release);
        (await pair.Importer.SwarmAsync("fsck")).Succeeded();
        (await pair.Importer.SwarmAsync("audit")).Succeeded().ShouldContain("0 findings");

        var entries = (await pair.Importer.OwnLogAsync()).Entries;
        await Eventually.HoldsAsync(async () => (await FollowedAsync(pair)).Entries == entries, $"the follower has all {entries} entries (seed {seed})");
        (await pair.Follower.StatusAsync()).Catalogue.Forks.ShouldBeEmpty();
        (await pair.Follower.SwarmAsync("audit")).Succeeded().ShouldContain("0 findings");
        (await Command.ShellAsync($"ls {pair.Follower.Mount}/pkgs/alpha")).Succeeded().ShouldBe($"1.{Kills - 1}\nlatest\n");
        (await Command.ShellAsync($"cat {pair.Importer.Mount}/pkgs/alpha/latest/usr/share/alpha/text")).Succeeded().ShouldBe($"text {Kills - 1}");
    }

    /// <summary>What is done over and over until the importer is killed: words of a command, and what its success promises, by its number.</summary>
    private static IEnumerable<Func<int, (string Promise, string[] Words)>> Loops(ImporterAndFollower pair, int kill)
    {
        var own = pair.Scratch[$"own{kill}"];
        yield return _ => ($"{Suite}{ImporterAndFollower.FirstDate.AddDays(kill):u}", ["sync"]);
        yield return number => ($"published/{kill}.{number}", ["publish", own, "--name", "published", "--version", $"{kill}.{number}"]);
        yield return number => ($"imported/{kill}.{number}", ["import", "tree", own, "--name", "imported", "--version", $"{kill}.{number}"]);
    }

    private static async Task<IReadOnlyList<string>> RepeatAsync(TestNode importer, Func<int, (string Promise, string[] Words)> next)
    {
        var done = new List<string>();
        while (true)
        {
            var (promise, words) = next(done.Count);
            if ((await importer.SwarmAsync(words)).ExitCode != 0) return done;
            done.Add(promise);
        }
    }

    private static async Task<HashSet<string>> NamesAsync(TestNode node)
    {
        var names = new HashSet<string>();
        foreach (var record in (await node.OwnLogAsync()).Records)
        {
            switch (CatalogRecord.TryRead(Encoding.UTF8.GetBytes(record), out _))
            {
                case SuiteRecord suite:
                    names.Add($"{Suite}{suite.Date:u}");
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

    /// <summary>The importer's log as the follower has verified it: the importer must never have less.</summary>
    private static async Task<LogStateReport> FollowedAsync(ImporterAndFollower pair) =>
        (await pair.Follower.StatusAsync()).Catalogue.Logs.Single(log => log.Key == pair.Importer.TrustKey);
}
