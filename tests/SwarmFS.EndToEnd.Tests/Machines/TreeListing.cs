namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>Everything that stat, readlink and getfattr tell of a tree, one sorted line an entry, made by find(1) and getfattr(1).</summary>
public static class TreeListing
{
    /// <summary>Path, type, mode, owner, group, mtime with nanoseconds, size (files and symlinks), link count (files), target.</summary>
    public static async Task<string> OfAsync(string directory) => (await Command.ShellAsync(
        $"cd '{directory}' && find . \\( -type d -printf '%P|%y|%m|%U|%G|%T@\\n' \\) -o -printf '%P|%y|%m|%U|%G|%T@|%s|%n|%l\\n' | LC_ALL=C sort")).Succeeded();

    /// <summary>Which paths are links to one inode: one line a group.</summary>
    public static async Task<string> HardLinksAsync(string directory) => (await Command.ShellAsync(
        $"cd '{directory}' && find . -type f -links +1 -printf '%i %P\\n' | LC_ALL=C sort -k2 | awk '{{g[$1]=g[$1]\" \"$2}} END {{for (i in g) print g[i]}}' | LC_ALL=C sort")).Succeeded();

    public static async Task<string> XattrsAsync(string directory) => (await Command.ShellAsync(
        $"cd '{directory}' && getfattr -R -h -d -m - . 2>/dev/null | LC_ALL=C sort")).Succeeded();

    /// <summary>Fails with the lines that stand in one listing alone.</summary>
    public static void ShouldBeSame(string expected, string actual, string what)
    {
        if (expected == actual) return;
        var (left, right) = (expected.Split('\n'), actual.Split('\n'));
        var differences = left.Except(right).Select(line => "- " + line).Concat(right.Except(left).Select(line => "+ " + line)).Take(40);
        Assert.Fail($"{what} differs (- expected, + found):\n{string.Join('\n', differences)}");
    }
}
