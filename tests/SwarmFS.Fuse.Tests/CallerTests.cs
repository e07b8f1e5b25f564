using System.Diagnostics;

namespace SwarmFS.Fuse.Tests;

/// <summary>Signals to a program while a request of its is parked: those it survives do not disturb it, and those that end it end it at once.</summary>
public class CallerTests
{
    /// <summary>Over the device here; a class that inherits the tests has them over something else.</summary>
    private protected virtual Task<FuseServer> Start(params string[] arguments) => FuseServer.Start(arguments);

    private static readonly TimeSpan Gone = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("read", "gated2", "ALRM", "4096 0 1")]
    [InlineData("thread", "gated2", "CHLD", "4096 0 1")]
    [InlineData("stat", "far/inside", "CHLD", "0 0 1")]
    [InlineData("stat", "far/inside", "WINCH", "0 0 1")]
    public async Task Who_handles_a_signal_while_waiting_gets_the_data_and_no_error(string question, string file, string signal, string expected)
    {
        await using var server = await Start();
        using var caller = await Ask(server, question, file);
        await Disturb(server, caller, signal);
        await server.Do("open-gate");
        (await caller.Result()).Succeeded().ShouldBe(expected);
        await WaitFor(async () => await server.Do("watched") == "0");
    }

    [Theory]
    [InlineData("read", "gated2", "KILL")]
    [InlineData("thread", "gated2", "KILL")]
    [InlineData("stat", "far/inside", "INT")]
    [InlineData("read", "gated2", "QUIT")]
    public async Task Who_is_killed_after_a_signal_that_he_handles_is_gone_at_once(string question, string file, string signal)
    {
        await using var server = await Start();
        using var caller = await Ask(server, question, file);
        await Disturb(server, caller, "ALRM");
        await ShouldBeGoneAfter(caller, signal);
        await WaitFor(async () => await server.Do("watched") == "0" && await server.Do("waiting") == "0 1 0");
    }

    [Theory]
    [InlineData("read", "gated2", "INT")]
    [InlineData("stat", "far/inside", "INT")]
    [InlineData("thread", "gated2", "TERM")]
    [InlineData("read", "gated2", "QUIT")]
    public async Task Who_gets_a_signal_that_ends_him_is_gone_at_once(string question, string file, string signal)
    {
        await using var server = await Start();
        using var caller = await Ask(server, question, file);
        await ShouldBeGoneAfter(caller, signal);
        await WaitFor(async () => await server.Do("waiting") == "0 1 0");
    }

    private static async Task<Child> Ask(FuseServer server, string question, string file)
    {
        var program = Path.Join(server.Directory, "caller");
        (await Child.Start("gcc", "-pthread", "-o", program, Path.Join(AppContext.BaseDirectory, "caller.c")).Result()).Succeeded();
        var caller = Child.Start(program, question, Path.Join(server.Mount, file));
        await server.WaitForWaiting(1);
        return caller;
    }

    // The server has seen the signal when it watches the caller, or has sent it away.
    private static async Task Disturb(FuseServer server, Child caller, string signal)
    {
        caller.Signal(signal);
        await WaitFor(async () => caller.HasExited || await server.Do("watched") == "1");
    }

    private static async Task ShouldBeGoneAfter(Child caller, string signal)
    {
        caller.HasExited.ShouldBeFalse();
        caller.Signal(signal);
        var watch = Stopwatch.StartNew();
        (await caller.HasEndedWithin(Gone)).ShouldBeTrue($"still there after {watch.Elapsed}");
    }

    private static async Task WaitFor(Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition()) watch.Elapsed.ShouldBeLessThan(Deadline);
    }
}
