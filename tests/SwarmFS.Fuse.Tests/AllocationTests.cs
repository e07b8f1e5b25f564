namespace SwarmFS.Fuse.Tests;

/// <summary>What a request that is answered at once costs the collector.</summary>
public class AllocationTests
{
    /// <summary>Over the device here; a class that inherits the tests has them over something else.</summary>
    private protected virtual Task<FuseServer> Start(params string[] arguments) => FuseServer.Start(arguments);

    [Fact]
    public async Task A_hundred_thousand_requests_leave_nothing_on_the_heap()
    {
        await using var server = await Start("--timeout", "0");
        var script = $"import os\nfor _ in range(20000): os.stat('{server.Mount}/small')";
        (await Child.Python(script).Result()).Succeeded();
        var before = long.Parse(await server.Do("allocated"));
        await Task.WhenAll(Child.Python(script.Replace("20000", "25000")).Result(), Child.Python(script.Replace("20000", "25000")).Result());
        var after = long.Parse(await server.Do("allocated"));
        (await server.Count("lookup")).ShouldBeGreaterThan(60_000);
        (after - before).ShouldBeLessThan(100_000);
    }
}
