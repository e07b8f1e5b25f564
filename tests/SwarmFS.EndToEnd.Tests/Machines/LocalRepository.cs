using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>
/// An apt repository in a directory: suites of real .debs, made with Debian's own tools and signed by a key of the test's. Nodes read it through the file: scheme, so it is there in every network
/// namespace.
/// </summary>
public sealed partial class LocalRepository : IDisposable
{
    private const string Signer = "archive@example.org";

    private const string OtherSigner = "other@example.org";

    private readonly string _directory;
    private readonly string _keys;

    private LocalRepository(string directory)
    {
        _directory = directory;
        // gpg's agent listens on a socket there, and a socket's path is short.
        _keys = Directory.CreateTempSubdirectory("sfs").FullName;
    }

    /// <summary>What <c>up --apt-etc</c> takes.</summary>
    public string Etc => Path.Join(_directory, "etc");

    /// <summary>As its sources name it.</summary>
    public string Address => $"file://{_directory}";

    public string Pool => Path.Join(_directory, "pool");

    public string InRelease(string suite = "stable") => Path.Join(_directory, "dists", suite, "InRelease");

    public string Packages(string suite = "stable") => Path.Join(_directory, "dists", suite, "main/binary-amd64/Packages.xz");

    /// <param name="suites">Named in the sources.</param>
    public static async Task<LocalRepository> CreateAsync(string directory, params string[] suites)
    {
        var repository = new LocalRepository(directory);
        Directory.CreateDirectory(repository.Etc);
        Directory.CreateDirectory(repository.Pool);
        await repository.GpgAsync($"--quick-gen-key '<{Signer}>' ed25519 sign never");
        await repository.GpgAsync($"--armor --export > '{repository.Etc}/archive.asc'");
        await File.WriteAllTextAsync(
            Path.Join(repository.Etc, "sources.list"),
            string.Concat((suites.Length == 0 ? ["stable"] : suites).Select(suite => $"deb [signed-by={repository.Etc}/archive.asc arch=amd64 check-date=yes check-valid-until=yes] {repository.Address} {suite} main\n")));
        return repository;
    }

    /// <summary>Takes real packages from the system's own sources into the pool.</summary>
    public async Task DownloadAsync(params string[] packages)
    {
        (await Command.ShellAsync($"cd '{Pool}' && apt-get download -q {string.Join(' ', packages)}")).Succeeded();
        // apt writes an epoch's colon as %3a, which would be read as a colon again in an address.
        foreach (var file in Directory.GetFiles(Pool, "*%3a*.deb")) File.Move(file, EpochInFileName().Replace(file, "_"));
    }

    /// <summary>The .deb of a package in the pool.</summary>
    public string Archive(string package) => Directory.GetFiles(Pool, $"{package}_*.deb").Single();

    /// <summary>The origin loses its archives; what it signed stays.</summary>
    public void TakePoolAway() => Directory.Move(Pool, Pool + ".away");

    public void BringPoolBack() => Directory.Move(Pool + ".away", Pool);

    /// <summary>Makes a small package of one file, <c>usr/share/NAME/text</c>.</summary>
    public async Task<string> BuildAsync(string name, string version, string text)
    {
        var tree = Path.Join(_directory, "build", $"{name}_{version}");
        Directory.CreateDirectory(Path.Join(tree, "DEBIAN"));
        Directory.CreateDirectory(Path.Join(tree, "usr/share", name));
        await File.WriteAllTextAsync(
            Path.Join(tree, "DEBIAN/control"), $"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: made for a test\n");
        await File.WriteAllTextAsync(Path.Join(tree, "usr/share", name, "text"), text);
        var file = Path.Join(Pool, $"{name}_{version}_all.deb");
        (await Command.ShellAsync($"dpkg-deb --root-owner-group --build '{tree}' '{file}'")).Succeeded();
        return file;
    }

    /// <summary>Signs a suite of everything that is in the pool now, or of what matches.</summary>
    /// <param name="only">Beginnings of names of .debs; none: all.</param>
    public async Task PublishAsync(DateTimeOffset date, string suite = "stable", params string[] only)
    {
        var index = Path.Join(_directory, "dists", suite, "main/binary-amd64");
        var chosen = Path.Join(_directory, "chosen");
        (await Command.ShellAsync(
            $"rm -rf '{index}' '{chosen}' && mkdir -p '{index}' '{chosen}' && cd '{Pool}' && for f in {(only.Length == 0 ? "*.deb" : string.Join(' ', only.Select(o => o + "*.deb")))}; do ln -s \"$PWD/$f\" '{chosen}/'; done"
            + $" && cd '{_directory}' && dpkg-scanpackages --multiversion chosen 2>/dev/null | sed 's|^Filename: chosen/|Filename: pool/|' > '{index}/Packages' && xz -k '{index}/Packages'")).Succeeded();
        await SignAsync(suite, Release(date, suite));
    }

    /// <summary>The text of a suite's Release as <see cref="PublishAsync"/> signs it.</summary>
    /// <param name="hash">"SHA256", or "MD5Sum" as long ago.</param>
    public string Release(DateTimeOffset date, string suite = "stable", string hash = "SHA256")
    {
        var text = new StringBuilder($"Origin: Test\nSuite: {suite}\nCodename: {suite}\nDate: {Rfc(date)}\nArchitectures: amd64\nComponents: main\n{hash}:\n");
        foreach (var file in (string[])[Path.ChangeExtension(Packages(suite), null), Packages(suite)])
        {
            var content = File.ReadAllBytes(file);
            var digest = hash == "SHA256" ? SHA256.HashData(content) : MD5.HashData(content);
            text.Append(CultureInfo.InvariantCulture, $" {Convert.ToHexStringLower(digest)} {content.Length} main/binary-amd64/{Path.GetFileName(file)}\n");
        }
        return text.ToString();
    }

    /// <summary>Another mirror of what this one has now, under an address of its own.</summary>
    public async Task<RepositoryMirror> MirrorAsync(string directory)
    {
        (await Command.ShellAsync($"mkdir '{directory}' && cp -a '{_directory}/dists' '{_directory}/etc' '{directory}' && ln -s '{Pool}' '{directory}/pool' && sed -i 's|{Address} |file://{directory} |' '{directory}/etc/sources.list'")).Succeeded();
        return new RepositoryMirror(directory);
    }

    /// <summary>Signs any text as a suite's Release.</summary>
    public async Task SignAsync(string suite, string release)
    {
        await SignAsync(suite, release, $"-u {Signer}");
    }

    /// <summary>Signs it a second time in the same file, with a key that no source names: as Debian's own texts are signed when a key is new.</summary>
    public async Task SignTwiceAsync(string suite, string release)
    {
        await GpgAsync($"--quick-gen-key '<{OtherSigner}>' ed25519 sign never");
        await SignAsync(suite, release, $"-u {Signer} -u {OtherSigner}");
    }

    private async Task SignAsync(string suite, string release, string signers)
    {
        var file = Path.Join(_directory, "Release");
        await File.WriteAllTextAsync(file, release);
        await GpgAsync($"--clearsign --digest-algo SHA256 {signers} --output '{InRelease(suite)}' '{file}'");
    }

    public void Dispose()
    {
        System.Diagnostics.Process.Start("gpgconf", ["--homedir", _keys, "--kill", "all"]).WaitForExit();
        Directory.Delete(_keys, recursive: true);
    }

    private async Task GpgAsync(string words) => (await Command.ShellAsync($"gpg --homedir '{_keys}' --batch --yes --quiet --pinentry-mode loopback --passphrase '' {words}")).Succeeded();

    private static string Rfc(DateTimeOffset date) => date.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    [GeneratedRegex("_[0-9]*%3a", RegexOptions.None, 1000)]
    private static partial Regex EpochInFileName();
}

/// <summary>A mirror of a <see cref="LocalRepository"/>: the same archives; its indices and signed texts are its own files.</summary>
/// <param name="Directory">Its address.</param>
public sealed record RepositoryMirror(string Directory)
{
    /// <summary>What <c>up --apt-etc</c> takes.</summary>
    public string Etc => Path.Join(Directory, "etc");

    public string InRelease(string suite = "stable") => Path.Join(Directory, "dists", suite, "InRelease");
}
