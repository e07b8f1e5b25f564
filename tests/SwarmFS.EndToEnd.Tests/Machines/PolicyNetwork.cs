namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>
/// Three importers, four witnesses and a follower, each on a host of its own, under one signed policy: a record counts when two of the importers have it and three of the witnesses have seen it.
/// The first two importers read one repository; the third reads one that says something else.
/// </summary>
public sealed class PolicyNetwork : IAsyncDisposable
{
    private readonly Scratch _scratch = new();
    private readonly List<TestWitness> _witnesses = [];
    private readonly List<TestNode> _importers = [];
    private TestNetwork _network = null!;

    private PolicyNetwork()
    {
    }

    public LocalRepository Repository { get; private set; } = null!;

    /// <summary>What the liar reads: suites of the same names, signed by a key of its own.</summary>
    public LocalRepository OtherRepository { get; private set; } = null!;

    public IReadOnlyList<TestWitness> Witnesses => _witnesses;

    public IReadOnlyList<TestNode> Honest => _importers[..2];

    public TestNode Liar => _importers[2];

    public TestNode Follower { get; private set; } = null!;

    /// <summary>The follower's machine with another clock.</summary>
    public TestNode FollowerAt(DateTimeOffset now) => new(Follower.Directory, Follower.Host, _followerOptions)
    {
        Environment = new Dictionary<string, string> { ["SWARMFS_NOW"] = $"{now.ToUnixTimeSeconds()}" },
    };

    private string[] _followerOptions = [];

    private string Policy => _scratch["policy.1"];

    /// <summary>Witnesses run; nodes are not started yet.</summary>
    public static async Task<PolicyNetwork> CreateAsync()
    {
        var network = new PolicyNetwork();
        try
        {
            await network.MakeAsync();
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    private async Task MakeAsync()
    {
        _network = await TestNetwork.CreateAsync();
        Repository = await LocalRepository.CreateAsync(_scratch["repository"]);
        OtherRepository = await LocalRepository.CreateAsync(_scratch["other-repository"]);
        for (var number = 1; number <= 4; number++) _witnesses.Add(await TestWitness.CreateAsync(_scratch[$"witness{number}"], await _network.AddHostAsync(), $"witness-{number}"));
        foreach (var (name, repository) in (IEnumerable<(string, LocalRepository)>)[("importer1", Repository), ("importer2", Repository), ("importer3", OtherRepository)])
            _importers.Add(new TestNode(_scratch[name], await _network.AddHostAsync(), ["--policy", Policy, "--apt-etc", repository.Etc, .. Peers()]));
        var noSources = Directory.CreateDirectory(_scratch["no-sources"]).FullName;
        _followerOptions = ["--policy", Policy, "--apt-etc", noSources, .. Peers()];
        Follower = new TestNode(_scratch["follower"], await _network.AddHostAsync(), _followerOptions);
        await SignPolicyAsync(Policy, _witnesses);
        foreach (var witness in _witnesses) await witness.StartAsync(_importers.Select(importer => importer.TrustKey));
    }

    private IEnumerable<string> Peers() => _importers.SelectMany(importer => (string[])["--peer", importer.Endpoint]);

    /// <summary>
    /// The liar's key on another machine with another history of the log, which asks a third witness that has another memory: both faces of that witness sign. It knows no peers, for from them it would hear of the other history and sign nothing. Started by the caller.
    /// </summary>
    public async Task<(TestNode Importer, TestWitness Witness)> OtherFaceOfLiarAsync()
    {
        var witness = _witnesses[2].OtherFace(await _network.AddHostAsync());
        _witnesses.Add(witness);
        await witness.StartAsync(_importers.Select(importer => importer.TrustKey));
        var policy = _scratch["policy.other"];
        await SignPolicyAsync(policy, [_witnesses[0], _witnesses[1], witness, _witnesses[3]]);
        var face = new TestNode(_scratch["importer3-other"], await _network.AddHostAsync(), "--policy", policy, "--apt-etc", Repository.Etc);
        _importers.Add(face);
        Directory.CreateDirectory(face.State, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Copy(Path.Join(Liar.State, "importer.key"), Path.Join(face.State, "importer.key"));
        return (face, witness);
    }

    private async Task SignPolicyAsync(string file, IReadOnlyList<TestWitness> asked)
    {
        var key = file + ".key";
        var root = (await Command.RunAsync(TestNode.Program, ["key", "gen", key, "--name", "root"])).Succeeded().Trim();
        var logs = string.Concat(_importers[..3].Select(importer => $"log {importer.TrustKey}\n"));
        var witnesses = string.Concat(asked.Select((witness, index) => $"witness w{index + 1} {witness.Vkey} {witness.Url}\n"));
        await File.WriteAllTextAsync(
            file,
            $"swarmfs.policy/v1\nversion 1\nexpires never\nroot-key {root}\nroot-threshold 1\nimporters 2\nmax-age 24h\n{logs}{witnesses}group most 3 w1 w2 w3 w4\nquorum most\n");
        (await Command.RunAsync(TestNode.Program, ["policy", "sign", file, "--key", key, "--name", "root"])).Succeeded();
    }

    public async ValueTask DisposeAsync()
    {
        if (Follower is not null) await Follower.DisposeAsync();
        foreach (var importer in _importers) await importer.DisposeAsync();
        foreach (var witness in _witnesses) await witness.DisposeAsync();
        if (_network is not null) await _network.DisposeAsync();
        Repository?.Dispose();
        OtherRepository?.Dispose();
        _scratch.Dispose();
    }
}
