namespace SwarmFS.Fuse.Tests;

/// <summary>The conformance suite, over the same tree served in each way that the binding knows.</summary>
public class ConformanceTests : IAsyncLifetime
{
    /// <summary>Over the device here; a class that inherits the tests has them over something else.</summary>
    private protected virtual Task<FuseServer> Start(params string[] arguments) => FuseServer.Start(arguments);

    private static readonly string Suite = Path.Join(AppContext.BaseDirectory, "conformance.py");
    private readonly string _reference = Directory.CreateTempSubdirectory("fuse-reference-").FullName;

    public async ValueTask InitializeAsync() => (await Child.Start("python3", Suite, "build", _reference).Result()).Succeeded();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_reference, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("")]
    [InlineData("--open")]
    [InlineData("--timeout 0 --negative-timeout 0")]
    [InlineData("--no-plus")]
    [InlineData("--readers 1")]
    [InlineData("--no-xattrs")]
    [InlineData("--minor 38 --without ffffffe000000000")]
    [InlineData("--minor 31 --without fffffff840c00000")]
    public async Task A_tree_in_memory_behaves_like_the_same_tree_on_disk(string arguments)
    {
        await using var server = await Start(["--from", _reference, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        string[] flags = arguments.Contains("--no-xattrs") ? ["--no-xattrs"] : [];
        var result = await Child.Start("python3", [Suite, "check", _reference, server.Mount, .. flags]).Result();
        result.ExitCode.ShouldBe(0, $"{result.Output}\n{result.Error}\n{server.Errors}");
        result.Output.Split('\n').Count(line => line.StartsWith("ok")).ShouldBeGreaterThan(20);
    }
}
