namespace SwarmFS.Daemon.Tests;

public sealed class ArgumentTests
{
    [Fact]
    public void Options_that_come_again_add_up()
    {
        var input = DaemonArguments.TryRead(["--state", "/s", "--peer", "a:1", "--quota", "1GiB", "--peer", "b:2"], _ => null, isRoot: true, out var error);
        error.ShouldBeNull();
        input!.StateOption.ShouldBe("/s");
        input.Options["--peer"].ShouldBe(["a:1", "b:2"]);
        input.Options["--quota"].ShouldBe(["1GiB"]);
    }

    [Theory]
    [InlineData("--frob is no option", "--frob", "x")]
    [InlineData("--quota needs a value", "--quota")]
    [InlineData("swarmfs up", "up")]
    public void What_is_not_understood_is_refused_by_name(string expected, params string[] arguments)
    {
        DaemonArguments.TryRead(arguments, _ => null, isRoot: true, out var error).ShouldBeNull();
        error!.Replace("'", "").ShouldContain(expected);
    }
}
