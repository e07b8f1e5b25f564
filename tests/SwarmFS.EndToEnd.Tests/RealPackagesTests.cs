using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>Import is a function of what was signed alone: strangers who import the same packages write the same records.</summary>
public class RealPackagesTests
{
    // Small ones with what tells machines apart: names beyond ASCII (ca-certificates), setuid files (login), an epoch (login), hard links (bzip2), many symlinks, all three compressions of Debian.
    private static readonly string[] Packages =
    [
        "hello", "hostname", "tree", "figlet", "sl", "pv", "mawk", "time", "patch", "ed", "bc", "dc", "netbase", "base-passwd", "sysvinit-utils", "ucf", "libpopt0", "libgpg-error0", "libassuan0",
        "libksba8", "libnpth0", "liblzo2-2", "libb2-1", "libaudit1", "libcap2", "libcap-ng0", "libacl1", "libattr1", "attr", "acl", "ncal", "media-types", "readline-common", "sensible-utils",
        "ca-certificates", "login", "iputils-ping", "bzip2", "toilet", "cowsay",
    ];

    [Fact]
    public async Task Two_importers_with_other_disks_locales_time_zones_and_mirrors_write_the_same_records()
    {
        using var scratch = new Scratch();
        using var memory = new Scratch("/dev/shm");
        using var repository = await LocalRepository.CreateAsync(scratch["repository"]);
        await repository.DownloadAsync(Packages);
        await repository.PublishAsync(ImporterAndFollower.FirstDate);
        var mirror = await repository.MirrorAsync(scratch["mirror"]);
        await repository.SignTwiceAsync("stable", repository.Release(ImporterAndFollower.FirstDate));
        await ChangeAroundTheTextAsync(mirror.InRelease());
        (await Command.ShellAsync($"cmp -s '{repository.InRelease()}' '{mirror.InRelease()}'")).ExitCode.ShouldBe(1);
        (await Command.ShellAsync($"localedef -i tr_TR -f UTF-8 '{scratch["tr_TR.UTF-8"]}'; LOCPATH='{scratch.Path}' LC_ALL=tr_TR.UTF-8 locale charmap")).Succeeded().Trim().ShouldBe("UTF-8");
        await using var plain = new TestNode(scratch["plain"], host: null, "--apt-etc", repository.Etc) { Port = 0 };
        await using var other = new TestNode(memory["other"], host: null, "--apt-etc", mirror.Etc)
        {
            Port = 0,
            Environment = new Dictionary<string, string> { ["LC_ALL"] = "tr_TR.UTF-8", ["LOCPATH"] = scratch.Path, ["TZ"] = "Asia/Kolkata" },
        };

        await ImportAllAsync(plain, Packages);
        await ImportAllAsync(other, Packages.Reverse());

        var records = await RecordsAsync(plain);
        records.Count(record => record.StartsWith("swarmfs.tree/v1\n", StringComparison.Ordinal)).ShouldBe(Packages.Length);
        records.Count.ShouldBe(Packages.Length + 1);
        (await RecordsAsync(other)).ShouldBe(records);
    }

    /// <summary>Blanks and line ends of which a verifier takes no notice.</summary>
    private static async Task ChangeAroundTheTextAsync(string inRelease)
    {
        (await Command.ShellAsync($"sed -i -e '/^-----BEGIN PGP SIGNED/,/^-----BEGIN PGP SIGNATURE/ s/$/ \\t/' -e 's/$/\\r/' '{inRelease}'")).Succeeded();
    }

    private static async Task ImportAllAsync(TestNode node, IEnumerable<string> packages)
    {
        await node.StartAsync();
        (await node.SyncAsync()).Suites.ShouldHaveSingleItem().Packages.ShouldBe(Packages.Length);
        (await Command.ShellAsync($"cd {node.Mount}/pkgs && for p in {string.Join(' ', packages)}; do ls $p/latest/ >/dev/null || exit 1; done")).Succeeded();
        await Eventually.HoldsAsync(async () => (await RecordsAsync(node)).Count == Packages.Length + 1, "all trees are recorded");
    }

    /// <summary>All but heads, in an order of their own: a batch is what came within a second.</summary>
    private static async Task<IReadOnlyList<string>> RecordsAsync(TestNode node) =>
        [.. (await node.OwnLogAsync()).Records.Where(record => !record.StartsWith("swarmfs.head/v1\n", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
