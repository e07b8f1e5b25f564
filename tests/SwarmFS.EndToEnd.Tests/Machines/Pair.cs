namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>Two hosts: a source that holds content and a reader that mounts and is cold.</summary>
public sealed class Pair : IAsyncDisposable
{
    private Pair(Scratch scratch, TestNetwork network, TestHost sourceHost, TestHost readerHost, TestNode source, TestNode reader)
    {
        Scratch = scratch;
        Network = network;
        SourceHost = sourceHost;
        ReaderHost = readerHost;
        Source = source;
        Reader = reader;
    }

    public Scratch Scratch { get; }

    public TestNetwork Network { get; }

    public TestHost SourceHost { get; }

    public TestHost ReaderHost { get; }

    public TestNode Source { get; }

    public TestNode Reader { get; }

    /// <param name="readerOptions">Options of the reader's <c>up</c>.</param>
    public static async Task<Pair> CreateAsync(params string[] readerOptions)
    {
        var scratch = new Scratch();
        var network = await TestNetwork.CreateAsync();
        var (sourceHost, readerHost) = (await network.AddHostAsync(), await network.AddHostAsync());
        var source = new TestNode(scratch["source"], sourceHost, "--no-mount");
        var reader = new TestNode(scratch["reader"], readerHost, ["--peer", source.Endpoint, "--trust", source.TrustKey, .. readerOptions]);
        return new Pair(scratch, network, sourceHost, readerHost, source, reader);
    }

    /// <summary>Imports a directory at the source and returns its path on the reader's mount once it shows there.</summary>
    public async Task<string> PublishAsync(string directory, string name, string version = "1.0")
    {
        await Source.ImportAsync("tree", directory, "--name", name, "--version", version);
        await Reader.WaitForPathAsync($"pkgs/{name}/{version}");
        return $"{Reader.Mount}/pkgs/{name}/{version}";
    }

    public async ValueTask DisposeAsync()
    {
        await Reader.DisposeAsync();
        await Source.DisposeAsync();
        await Network.DisposeAsync();
        Scratch.Dispose();
    }
}
