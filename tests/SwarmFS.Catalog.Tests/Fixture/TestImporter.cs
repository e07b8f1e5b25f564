using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Testing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

/// <summary>An importer in memory: a key, a store, a journal and state files, and the log over them, which can be started anew.</summary>
internal sealed class TestImporter : IDisposable
{
    public const string Debian = "debian/bookworm/main/amd64";

    private readonly TimeProvider _time;
    private readonly TlogPolicy _witnesses;
    private readonly ICosigners? _cosigners;

    public TestImporter(byte number, TimeProvider time, TlogPolicy? witnesses = null, ICosigners? cosigners = null)
    {
        Key = Ed25519PrivateKey.FromSeed([.. Enumerable.Repeat(number, 32)]);
        Name = $"importer{number}.example/log";
        _time = time;
        _witnesses = witnesses ?? CatalogPolicy.NoWitnesses;
        _cosigners = cosigners;
        Log = Open();
    }

    public Ed25519PrivateKey Key { get; }

    public string Name { get; }

    public MemoryBlockStore Store { get; init; } = new();

    public CutJournal Journal { get; set; } = new();

    public MemoryStateFiles Files { get; set; } = new();

    public ImporterLog Log { get; private set; }

    public VerifierKey VerifierKey => Log.VerifierKey;

    public ReadOnlyMemory<byte> Announcement => Log.Announcement.ShouldNotBeNull();

    public static DateTimeOffset Day(int day) => new(2026, 1, day, 10, 0, 0, TimeSpan.Zero);

    public ImporterLog Open() => new(Name, Key, Journal, Files, Store, _witnesses, _cosigners, _time, NullLoggerFactory.Instance);

    public void Restart()
    {
        Log.Dispose();
        Log = Open();
    }

    public Task<BatchResult> AppendAsync(params CatalogRecord[] records) => Log.AppendAsync(records, CancellationToken.None);

    /// <summary>A suite whose index is built in this importer's store; "name_version" each.</summary>
    public SuiteRecord Suite(int day, params string[] packages) => Suite(Debian, day, packages);

    public SuiteRecord Suite(string ofNamespace, int day, params string[] packages)
    {
        var index = new LinkDirectoryBuilder(Store);
        foreach (var package in packages.Order(StringComparer.Ordinal)) index.Add(Encoding.ASCII.GetBytes(package), Target(package));
        var text = string.Join(' ', packages.Order(StringComparer.Ordinal).Prepend(ofNamespace));
        var digest = Sha256Digest.Of(Encoding.ASCII.GetBytes(text));
        return new SuiteRecord(ofNamespace, Day(day), digest, new ArtifactDigest(digest, text.Length), index.Finish().Root);
    }

    public static ArtifactDigest Deb(string package) => new(Sha256Digest.Of(Encoding.ASCII.GetBytes(package)), package.Length);

    public static byte[] Target(string package) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Deb(package)} pool/main/{package}_amd64.deb"));

    public static Cid Root(string package) => Cid.Of(CidCodec.MessagePack, Encoding.ASCII.GetBytes("tree of " + package));

    public static TreeRecord Tree(string package) => new(Deb(package), Root(package), 3, 100);

    public void Dispose()
    {
        Log.Dispose();
        Key.Dispose();
    }
}
