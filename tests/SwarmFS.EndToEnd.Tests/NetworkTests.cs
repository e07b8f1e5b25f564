using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>Two of three importers and three of four witnesses: one of each may lie or be away.</summary>
public class NetworkTests
{
    private static DateTimeOffset Date => ImporterAndFollower.FirstDate;

    [Fact]
    public async Task One_importer_that_lies_one_witness_that_signs_two_histories_and_one_that_is_down_change_nothing_and_without_the_quorum_the_old_state_stays_readable()
    {
        await using var network = await PolicyNetwork.CreateAsync();
        foreach (var node in (TestNode[])[.. network.Honest, network.Liar, network.Follower]) await node.StartAsync();
        await network.Witnesses[3].KillAsync();

        await PublishAsync(network, Date, "1.0");
        await SyncAllAsync(network);
        await ShowsAsync(network.Follower, "1.0");
        (await Command.ShellAsync($"ls {network.Honest[0].Mount}/pkgs/alpha/latest/ && ls {network.Honest[1].Mount}/pkgs/alpha/latest/")).Succeeded();
        await ReadsAsync(network.Follower, "true text of 1.0");
        await Eventually.HoldsAsync(async () => (await network.Follower.StatusAsync()).Catalogue.Logs.Single(log => log.Key == network.Liar.TrustKey).Entries > 0, "the liar is heard");
        (await Command.ShellAsync($"ls {network.Follower.Mount}/pkgs")).Succeeded().ShouldBe("alpha\n");
        (await network.Follower.SwarmAsync("verify", "alpha")).Succeeded().ShouldContain("recorded in 2 of 2 logs");
        (await network.Follower.SwarmAsync("status")).Succeeded().ShouldContain("FRESH");
        var liar = string.Join('+', network.Liar.TrustKey.Split('+')[..1]);
        await Eventually.HoldsAsync(
            async () => (await network.Follower.StatusAsync()).Catalogue.Conflicts.Any(conflict => conflict.Contains($"({liar}) is not", StringComparison.Ordinal)), "status names who says otherwise");

        var (face, twoFaced) = await network.OtherFaceOfLiarAsync();
        await face.StartAsync();
        var forked = await face.SwarmAsync("sync");
        forked.ExitCode.ShouldBe(1);
        forked.Error.ShouldContain("not confirmed yet");
        (await twoFaced.HasCosignedAsync(liar)).ShouldBeTrue("the third witness has signed both histories");

        await PublishAsync(network, Date.AddDays(1), "2.0");
        await SyncAllAsync(network);
        await ShowsAsync(network.Follower, "2.0");
        (await network.Follower.StatusAsync()).Catalogue.Forks.ShouldBeEmpty();

        await network.Witnesses[2].KillAsync();
        await PublishAsync(network, Date.AddDays(2), "3.0");
        foreach (var importer in network.Honest)
        {
            var sync = await importer.SwarmAsync("sync");
            sync.ExitCode.ShouldBe(1);
            sync.Error.ShouldContain("not confirmed yet");
        }
        (await Command.ShellAsync($"readlink {network.Follower.Mount}/pkgs/alpha/latest")).Succeeded().Trim().ShouldBe("2.0");
        await StaleButReadableAsync(network);

        await network.Witnesses[2].StartAsync(((TestNode[])[.. network.Honest, network.Liar]).Select(importer => importer.TrustKey));
        foreach (var importer in network.Honest) await importer.SyncAsync();
        await ShowsAsync(network.Follower, "3.0");
    }

    /// <summary>A day after the last cosignature.</summary>
    private static async Task StaleButReadableAsync(PolicyNetwork network)
    {
        await network.Follower.KillAsync();
        await using (var late = network.FollowerAt(DateTimeOffset.UtcNow.AddHours(25)))
        {
            await late.StartAsync();
            var status = await late.SwarmAsync("status");
            status.ExitCode.ShouldBe(1);
            status.Output.ShouldContain("STALE");
            await ShowsAsync(late, "2.0");
            await ReadsAsync(late, "true text of 1.0", "1.0");
        }
        await network.Follower.StartAsync();
    }

    /// <summary>The same suite at the same time in both repositories; what they list differs.</summary>
    private static async Task PublishAsync(PolicyNetwork network, DateTimeOffset date, string version)
    {
        await network.Repository.BuildAsync("alpha", version, $"true text of {version}");
        await network.Repository.PublishAsync(date);
        await network.OtherRepository.BuildAsync("alpha", version, $"false text of {version}");
        await network.OtherRepository.BuildAsync("evil", version, "was never there");
        await network.OtherRepository.PublishAsync(date);
    }

    private static async Task SyncAllAsync(PolicyNetwork network)
    {
        foreach (var importer in (TestNode[])[network.Liar, .. network.Honest]) (await importer.SyncAsync()).Unwitnessed.ShouldBeNull();
    }

    private static async Task ShowsAsync(TestNode node, string latest) =>
        await Eventually.HoldsAsync(async () => (await Command.ShellAsync($"readlink {node.Mount}/pkgs/alpha/latest")).Output.Trim() == latest, $"{node.Directory} shows {latest}:\n{node.Log}");

    private static async Task ReadsAsync(TestNode node, string text, string version = "latest") =>
        await Eventually.HoldsAsync(
            async () => (await Command.ShellAsync($"cat {node.Mount}/pkgs/alpha/{version}/usr/share/alpha/text")).Output == text, $"{node.Directory} reads '{text}':\n{node.Log}");
}
