using System.Text;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>
/// A mounted node that has believed its repository once, and the ways in which what stands between the two can lie to it. One node for all lies: after each the honest repository speaks again.
/// </summary>
public sealed class HostileMirror : IAsyncLifetime
{
    private const string Text = "what was accepted";

    private readonly Scratch _scratch = new();
    private LocalRepository? _stranger;
    private byte[] _honest = [];

    /// <summary>Of what was accepted.</summary>
    public static DateTimeOffset Date { get; } = new(2024, 3, 4, 5, 6, 7, TimeSpan.Zero);

    public TestNode Node { get; private set; } = null!;

    public LocalRepository Repository { get; private set; } = null!;

    /// <summary>An InRelease of another suite, signed by the same key.</summary>
    public byte[] OtherSuite { get; private set; } = [];

    /// <summary>The InRelease that was accepted.</summary>
    public string Accepted => Encoding.UTF8.GetString(_honest);

    public async ValueTask InitializeAsync()
    {
        Repository = await LocalRepository.CreateAsync(_scratch["repository"]);
        await Repository.BuildAsync("alpha", "1.0", Text);
        await Repository.PublishAsync(Date.AddDays(1), "testing");
        OtherSuite = await File.ReadAllBytesAsync(Repository.InRelease("testing"));
        await Repository.PublishAsync(Date);
        _honest = await File.ReadAllBytesAsync(Repository.InRelease());
        (await Command.ShellAsync($"cp -a '{Path.GetDirectoryName(Repository.InRelease())}' '{_scratch["honest"]}'")).Succeeded();
        _stranger = await LocalRepository.CreateAsync(_scratch["stranger"]);
        Node = new TestNode(_scratch["node"], host: null, "--apt-etc", Repository.Etc) { Port = 0 };
        await Node.StartAsync();
        await Node.SyncAsync();
        await ShouldShowWhatWasAcceptedAsync();
        // The first reader had the package unpacked, which is recorded within a second: from then on nothing but a lie could make the log grow.
        while (!(await Node.OwnLogAsync()).Records.Any(record => record.StartsWith("swarmfs.tree/v1\n", StringComparison.Ordinal))) await Task.Delay(100);
    }

    /// <summary>What a stranger's key has signed, as new as can be.</summary>
    public async Task<byte[]> SignedByStrangerAsync()
    {
        await _stranger!.BuildAsync("alpha", "1.0", Text);
        await _stranger.PublishAsync(Date.AddDays(1));
        return await File.ReadAllBytesAsync(_stranger.InRelease());
    }

    /// <summary>A text signed by the right key.</summary>
    public async Task<byte[]> SignedAsync(string release)
    {
        await Repository.SignAsync("stable", release);
        return await File.ReadAllBytesAsync(Repository.InRelease());
    }

    /// <summary>A newer state of the repository, all of it in order.</summary>
    public async Task<byte[]> NewerAsync()
    {
        await Repository.BuildAsync("beta", "1.0", "not accepted yet");
        await Repository.PublishAsync(Date.AddDays(1));
        return await File.ReadAllBytesAsync(Repository.InRelease());
    }

    /// <summary>Puts an InRelease before the node, syncs, and puts everything back.</summary>
    public async Task<CommandResult> SyncWithAsync(byte[] inRelease)
    {
        await File.WriteAllBytesAsync(Repository.InRelease(), inRelease);
        try
        {
            return await Node.SwarmAsync("sync");
        }
        finally
        {
            (await Command.ShellAsync($"rm -rf '{Path.GetDirectoryName(Repository.InRelease())}' && cp -a '{_scratch["honest"]}' '{Path.GetDirectoryName(Repository.InRelease())}'")).Succeeded();
        }
    }

    /// <summary>What the first state says is read through the mount, a version of it byte for byte.</summary>
    public async Task ShouldShowWhatWasAcceptedAsync()
    {
        (await Command.ShellAsync($"ls {Node.Mount}/pkgs {Node.Mount}/pkgs/alpha")).Succeeded().ShouldBe($"{Node.Mount}/pkgs:\nalpha\n\n{Node.Mount}/pkgs/alpha:\n1.0\nlatest\n");
        (await Command.ShellAsync($"cat {Node.Mount}/pkgs/alpha/latest/usr/share/alpha/text")).Succeeded().ShouldBe(Text);
    }

    /// <summary>Suites in the node's log.</summary>
    public async Task<IReadOnlyList<string>> SuitesAsync() => [.. (await Node.OwnLogAsync()).Records.Where(record => record.StartsWith("swarmfs.suite/v1\n", StringComparison.Ordinal))];

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        _stranger?.Dispose();
        Repository.Dispose();
        _scratch.Dispose();
    }
}
