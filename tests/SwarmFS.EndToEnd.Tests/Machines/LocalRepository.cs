using System.Globalization;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>
/// An apt repository in a directory: suites of real .debs, made with Debian's own tools and signed by a key of the test's. Nodes read it through the file: scheme, so it is there in every network
/// namespace.
/// </summary>
public sealed class LocalRepository : IDisposable
{
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

    public string Pool => Path.Join(_directory, "pool");

    public string InRelease(string suite = "stable") => Path.Join(_directory, "dists", suite, "InRelease");

    public string Packages(string suite = "stable") => Path.Join(_directory, "dists", suite, "main/binary-amd64/Packages.xz");

    /// <param name="suites">Named in the sources.</param>
    public static async Task<LocalRepository> CreateAsync(string directory, params string[] suites)
    {
        var repository = new LocalRepository(directory);
        Directory.CreateDirectory(repository.Etc);
        Directory.CreateDirectory(repository.Pool);
        await repository.GpgAsync("--quick-gen-key 'Archive <archive@example.org>' ed25519 sign never");
        await repository.GpgAsync($"--armor --export > '{repository.Etc}/archive.asc'");
        await File.WriteAllTextAsync(
            Path.Join(repository.Etc, "sources.list"),
            string.Concat((suites.Length == 0 ? ["stable"] : suites).Select(suite => $"deb [signed-by={repository.Etc}/archive.asc arch=amd64] file:{directory} {suite} main\n")));
        return repository;
    }

    /// <summary>Takes a real package from the system's own sources into the pool.</summary>
    /// <returns>The .deb's path.</returns>
    public async Task<string> DownloadAsync(string package)
    {
        (await Command.ShellAsync($"cd '{Pool}' && apt-get download -q {package}")).Succeeded();
        // apt writes an epoch's colon as %3a, which would be read as a colon again in an address.
        (await Command.ShellAsync($"cd '{Pool}' && for f in {package}_*%3a*; do [ -e \"$f\" ] && mv \"$f\" \"$(echo \"$f\" | sed 's/_[0-9]*%3a/_/')\"; done; true")).Succeeded();
        return Directory.GetFiles(Pool, $"{package}_*.deb").Single();
    }

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
        var list = string.Concat(new[] { "Packages", "Packages.xz" }.Select(file => $" {Sha256(Path.Join(index, file))} {new FileInfo(Path.Join(index, file)).Length} main/binary-amd64/{file}\n"));
        await SignAsync(suite, $"Origin: Test\nSuite: {suite}\nCodename: {suite}\nDate: {Rfc(date)}\nArchitectures: amd64\nComponents: main\nSHA256:\n{list}");
    }

    /// <summary>Signs any text as a suite's Release.</summary>
    public async Task SignAsync(string suite, string release)
    {
        var file = Path.Join(_directory, "Release");
        await File.WriteAllTextAsync(file, release);
        await GpgAsync($"--clearsign --digest-algo SHA256 --output '{InRelease(suite)}' '{file}'");
    }

    public void Dispose()
    {
        System.Diagnostics.Process.Start("gpgconf", ["--homedir", _keys, "--kill", "all"]).WaitForExit();
        Directory.Delete(_keys, recursive: true);
    }

    private async Task GpgAsync(string words) => (await Command.ShellAsync($"gpg --homedir '{_keys}' --batch --yes --quiet --pinentry-mode loopback --passphrase '' {words}")).Succeeded();

    private static string Sha256(string file) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));

    private static string Rfc(DateTimeOffset date) => date.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
