using System.Text.Json;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>A node's own releases: seen by those who trust it, taken back for ever.</summary>
public class PublishingTests
{
    [Fact]
    public async Task What_is_published_shows_on_the_follower_what_is_revoked_vanishes_and_no_number_comes_twice_over_restarts()
    {
        await using var pair = await Pair.CreateAsync();
        Content.WriteSmallFiles(pair.Scratch["tree"], 20);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();

        (await PublishAsync(pair, "1.0")).Succeeded();
        await pair.Reader.WaitForPathAsync("pkgs/tool/1.0");
        (await Command.ShellAsync($"diff -r {pair.Scratch["tree"]} {pair.Reader.Mount}/pkgs/tool/1.0")).Succeeded();
        (await PublishAsync(pair, "2.0")).Succeeded();
        await pair.Reader.WaitForPathAsync("pkgs/tool/2.0");

        (await pair.Source.SwarmAsync("revoke", "tool", "2.0", "--reason", "deletes the wrong files")).Succeeded().ShouldContain("is withdrawn");
        await Eventually.HoldsAsync(async () => (await Command.ShellAsync($"[ ! -e {pair.Reader.Mount}/pkgs/tool/2.0 ]")).ExitCode == 0, "2.0 is gone");
        (await Command.ShellAsync($"readlink {pair.Reader.Mount}/pkgs/tool/latest")).Succeeded().Trim().ShouldBe("1.0");

        await pair.Source.KillAsync();
        await pair.Source.StartAsync();
        var again = await PublishAsync(pair, "2.0");
        again.ExitCode.ShouldBe(1);
        again.Error.ShouldContain("taken back");
        (await PublishAsync(pair, "1.0")).Succeeded();
        Content.WriteSmallFiles(pair.Scratch["tree"], 20, seed: 2);
        var changed = await PublishAsync(pair, "1.0");
        changed.ExitCode.ShouldBe(1);
        changed.Error.ShouldContain("a version never changes");
        (await PublishAsync(pair, "3.0")).Succeeded();
        await pair.Reader.WaitForPathAsync("pkgs/tool/3.0");
        (await Command.ShellAsync($"ls {pair.Reader.Mount}/pkgs/tool")).Succeeded().ShouldBe("1.0\n3.0\nlatest\n");

        (await Releases(pair.Source)).ShouldBe([("1.0", 1), ("2.0", 2), ("3.0", 3)]);
        (await pair.Source.SwarmAsync("revoke", "tool", "4.0", "--reason", "was never there")).ExitCode.ShouldBe(1);
        (await pair.Reader.SwarmAsync("revoke", "tool", "1.0", "--reason", "is not his")).ExitCode.ShouldBe(1);
        (await pair.Reader.SwarmAsync("verify", "tool/3.0")).Succeeded().ShouldContain("as its number 3");
        (await pair.Reader.SwarmAsync("history", "tool")).Succeeded().ShouldContain("2.0");
    }

    [Fact]
    public async Task A_release_of_a_publishers_own_key_shows_where_the_key_is_named_whichever_log_it_stands_in()
    {
        using var keys = new Scratch();
        var key = await KeyAsync(keys["my.key"]);
        await using var pair = await Pair.CreateAsync("--publisher", key.Vkey);
        await using var stranger = new TestNode(pair.Scratch["stranger"], pair.ReaderHost, "--peer", pair.Source.Endpoint, "--trust", pair.Source.TrustKey) { Port = pair.Reader.Port + 1 };
        Content.WriteSmallFiles(pair.Scratch["tree"], 20);
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        await stranger.StartAsync();

        (await PublishAsync(pair, "1.0", "--key", keys["my.key"])).Succeeded();
        (await pair.Source.SwarmAsync("publish", pair.Scratch["tree"], "--name", "plain", "--version", "1.0")).Succeeded();
        await pair.Reader.WaitForPathAsync("pkgs/tool/1.0");
        await stranger.WaitForPathAsync("pkgs/plain/1.0");
        (await Command.ShellAsync($"diff -r {pair.Scratch["tree"]} {pair.Reader.Mount}/pkgs/tool/1.0")).Succeeded();
        (await Command.ShellAsync($"ls {stranger.Mount}/pkgs")).Succeeded().ShouldBe("plain\n");
        (await pair.Reader.SwarmAsync("verify", "tool")).Succeeded().ShouldContain($"published by {key.PublicKey}");

        var other = await PublishAsync(pair, "2.0");
        other.ExitCode.ShouldBe(1);
        other.Error.ShouldContain("another key");
        var missing = await PublishAsync(pair, "2.0", "--key", keys["no.key"]);
        missing.ExitCode.ShouldBe(1);
        missing.Error.ShouldContain("key gen");
        (await pair.Source.SwarmAsync("revoke", "tool", "1.0", "--reason", "leaks")).ExitCode.ShouldBe(1);
        (await pair.Source.SwarmAsync("revoke", "tool", "1.0", "--reason", "leaks", "--key", keys["my.key"])).Succeeded();
        await Eventually.HoldsAsync(async () => (await Command.ShellAsync($"[ ! -e {pair.Reader.Mount}/pkgs/tool ]")).ExitCode == 0, "the tool is gone");
    }

    private static async Task<KeyReport> KeyAsync(string file) =>
        JsonSerializer.Deserialize((await Command.RunAsync(TestNode.Program, ["key", "gen", file, "--name", "me", "--json"])).Succeeded(), ControlJson.Default.KeyReport)!;

    private static Task<CommandResult> PublishAsync(Pair pair, string version, params string[] more) =>
        pair.Source.SwarmAsync(["publish", pair.Scratch["tree"], "--name", "tool", "--version", version, .. more]);

    private static async Task<IReadOnlyList<(string Version, long Sequence)>> Releases(TestNode node) =>
        [.. (await node.OwnLogAsync()).Records.Select(record => CatalogRecord.TryRead(System.Text.Encoding.UTF8.GetBytes(record), out _)).OfType<ReleaseRecord>().Select(release => (release.Version, release.Sequence))];
}
