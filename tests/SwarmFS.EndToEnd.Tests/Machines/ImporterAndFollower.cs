namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>Two mounted nodes: an importer, which reads a repository of the test's own, and a follower, which believes it.</summary>
public sealed class ImporterAndFollower : IAsyncDisposable
{
    /// <summary>Of the repository's first state; later ones are counted from it.</summary>
    public static readonly DateTimeOffset FirstDate = new(2024, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly TestNetwork _network;

    private ImporterAndFollower(Scratch scratch, TestNetwork network, LocalRepository repository, TestNode importer, TestNode follower) =>
        (Scratch, _network, Repository, Importer, Follower) = (scratch, network, repository, importer, follower);

    public Scratch Scratch { get; }

    public LocalRepository Repository { get; }

    public TestNode Importer { get; }

    public TestNode Follower { get; }

    /// <param name="followerHasSources">The follower has the repository as well; otherwise it has no package sources at all.</param>
    /// <param name="options">Of both nodes.</param>
    public static async Task<ImporterAndFollower> CreateAsync(bool followerHasSources = false, params string[] options)
    {
        var scratch = new Scratch();
        var network = await TestNetwork.CreateAsync();
        var repository = await LocalRepository.CreateAsync(scratch["repository"]);
        var importer = new TestNode(scratch["importer"], await network.AddHostAsync(), ["--apt-etc", repository.Etc, .. options]);
        var etc = followerHasSources ? repository.Etc : Directory.CreateDirectory(scratch["no-sources"]).FullName;
        var follower = new TestNode(scratch["follower"], await network.AddHostAsync(), ["--peer", importer.Endpoint, "--trust", importer.TrustKey, "--apt-etc", etc, .. options]);
        return new ImporterAndFollower(scratch, network, repository, importer, follower);
    }

    public async ValueTask DisposeAsync()
    {
        await Follower.DisposeAsync();
        await Importer.DisposeAsync();
        await _network.DisposeAsync();
        Repository.Dispose();
        Scratch.Dispose();
    }
}
