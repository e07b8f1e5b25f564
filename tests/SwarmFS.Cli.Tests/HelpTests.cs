using System.CommandLine;

namespace SwarmFS.Cli.Tests;

public sealed class HelpTests
{
    private static IEnumerable<string[]> Walk(Command command, string[] words)
    {
        yield return words;
        foreach (var below in command.Subcommands.SelectMany(child => Walk(child, [.. words, child.Name]))) yield return below;
    }

    [Fact]
    public async Task Every_command_explains_itself_with_an_example_of_itself()
    {
        var root = CommandLine.Build(new TestTerminal().Terminal);
        foreach (var words in Walk(root, []).ToList())
        {
            var terminal = new TestTerminal();
            (await terminal.RunAsync([.. words, "--help"])).ShouldBe(0);
            var at = terminal.Out.IndexOf("Example:", StringComparison.Ordinal);
            at.ShouldBeGreaterThan(0, string.Join(' ', words));
            terminal.Out[at..].ShouldContain(string.Join(' ', words.Prepend("swarmfs").Take(2)), customMessage: string.Join(' ', words));
        }
    }

    [Fact]
    public void All_words_of_the_manual_exist()
    {
        var root = CommandLine.Build(new TestTerminal().Terminal);
        root.Subcommands.Select(command => command.Name).ShouldBe(
            [
                "up", "down", "import", "status", "peers", "ls", "cat", "get", "pin", "unpin", "gc", "fsck", "view", "sync", "history", "verify", "challenge", "audit", "log", "publish", "revoke",
                "id", "config", "key", "policy", "proof", "evidence", "witness",
            ],
            ignoreOrder: true);
    }
}
