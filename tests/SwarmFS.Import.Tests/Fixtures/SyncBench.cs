namespace SwarmFS.Import.Tests;

/// <summary>A mirror, a system that has it among its sources, an importer on that system, and a date that the test sets.</summary>
internal sealed class SyncBench : IDisposable
{
    private readonly string _etc = Directory.CreateTempSubdirectory("import-etc-").FullName;
    private int _sources;

    /// <param name="archive">Its keyring is archive.asc; that of both keys both.asc; the stranger's alone stranger.asc.</param>
    public SyncBench(SigningKey archive, SigningKey stranger, DateTimeOffset now)
    {
        Time = new FixedDate { Now = now };
        Directory.CreateDirectory(Path.Join(_etc, "sources.list.d"));
        File.WriteAllBytes(Path.Join(_etc, "archive.asc"), archive.Armored);
        File.WriteAllBytes(Path.Join(_etc, "stranger.asc"), stranger.Armored);
        File.WriteAllBytes(Path.Join(_etc, "both.gpg"), [.. archive.Bare, .. stranger.Bare]);
        Workshop = new Workshop(new AptPaths { EtcDirectory = _etc, Configuration = new AptConfiguration { Architecture = "amd64" } }, Time);
    }

    public Mirror Mirror { get; } = new();

    public Workshop Workshop { get; }

    public FixedDate Time { get; }

    /// <summary>The mirror becomes a source.</summary>
    public void Configure(string suites, string components = "main", string keyring = "archive.asc") => Add("mirror", Mirror, suites, components, keyring);

    /// <summary>Sources are asked in the order in which they are added.</summary>
    public void Add(string name, Mirror mirror, string suites, string components = "main", string keyring = "archive.asc") => File.WriteAllText(
        Path.Join(_etc, "sources.list.d", $"{_sources++:d2}-{name}.sources"),
        $"Types: deb\nURIs: {mirror.Address}\nSuites: {suites}\nComponents: {components}\nSigned-By: {_etc}/{keyring}\n");

    public void Dispose()
    {
        Workshop.Dispose();
        Mirror.Dispose();
        Directory.Delete(_etc, recursive: true);
    }

    /// <summary>The system's timers, with a date that a test sets.</summary>
    internal sealed class FixedDate : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
