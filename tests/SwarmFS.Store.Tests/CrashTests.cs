using System.Diagnostics;
using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class CrashTests : IDisposable
{
    private const int Kills = 12;
    private readonly StoreFixture _fixture = new(directory: Directory.CreateTempSubdirectory("store-crash-").FullName);

    public void Dispose()
    {
        _fixture.Dispose();
        Directory.Delete(_fixture.Directory, recursive: true);
    }

    [Fact]
    public async Task After_a_kill_at_any_moment_what_was_promised_is_there_and_nothing_wrong_is_served()
    {
        var random = new Random(20261121);
        for (var kill = 0; kill < Kills; kill++)
        {
            var promised = await WriteUntilKilled(seed: kill, after: TimeSpan.FromMilliseconds(random.Next(1, 400)));
            var store = _fixture.Store;
            foreach (var root in promised)
            {
                store.Pins.ShouldContain(pin => pin.Root == root, $"kill {kill}");
                foreach (var cid in Content.Reach(store, root)) store.Contains(cid).ShouldBeTrue($"kill {kill}: {cid} of {root}");
            }
            var report = await store.CheckAsync(null, CancellationToken.None);
            report.Incomplete.ShouldBeEmpty($"kill {kill}");
            report.Damaged.ShouldBeEmpty($"kill {kill}");
            foreach (var pin in store.Pins) store.Unpin(pin.Root);
            _fixture.Close();
        }
    }

    /// <summary>Returns the roots that the writer said were pinned.</summary>
    private async Task<List<Cid>> WriteUntilKilled(int seed, TimeSpan after)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "SwarmFS.Store.Host"), ["write", _fixture.Directory, $"{seed}"]) { RedirectStandardOutput = true };
        using var writer = Process.Start(start)!;
        var promised = new List<Cid>();
        try
        {
            (await writer.StandardOutput.ReadLineAsync()).ShouldBe("ready");
            using var moment = new CancellationTokenSource(after);
            moment.Token.Register(writer.Kill);
            while (await writer.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("pinned ", StringComparison.Ordinal) && Cid.TryParse(line.AsSpan(7), out var pinned, out _)) promised.Add(pinned);
                if (line.StartsWith("unpin ", StringComparison.Ordinal) && Cid.TryParse(line.AsSpan(6), out var unpinned, out _)) promised.Remove(unpinned);
            }
        }
        finally
        {
            if (!writer.HasExited) writer.Kill();
            await writer.WaitForExitAsync();
        }
        return promised;
    }
}
