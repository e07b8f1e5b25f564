using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

/// <summary>A full node in memory that follows importers: it can be told of announcements, and started anew with what its disk has.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly Dictionary<VerifierKey, CutJournal> _journals = [];

    public TestNode(TimeProvider time, CatalogPolicy policy, IEnumerable<TestImporter> sources, TestImporter? own = null)
    {
        _time = time;
        Policy = policy;
        Own = own;
        if (own is not null) Store = own.Store;
        Sources = [.. sources.Select(source => source.Store)];
        Blocks = new SharedBlocks(Store, Sources);
        (Board, Catalog) = Open();
    }

    public CatalogPolicy Policy { get; set; }

    public TestImporter? Own { get; }

    public MemoryBlockStore Store { get; } = new();

    public List<MemoryBlockStore> Sources { get; }

    public SharedBlocks Blocks { get; }

    public FullFiles Files { get; } = new();

    public MemoryStateFiles BoardFiles { get; } = new();

    public AnnouncementBoard Board { get; private set; }

    public ProvenCatalog Catalog { get; private set; }

    public IOrigin? Origin { get; init; }

    private (AnnouncementBoard, ProvenCatalog) Open()
    {
        var board = new AnnouncementBoard(Policy, Own?.VerifierKey, BoardFiles, NullLoggerFactory.Instance);
        return (board, new ProvenCatalog(new CatalogParts
        {
            Policy = Policy,
            Own = Own?.Log,
            PublisherKey = Own?.Key,
            Board = board,
            OpenJournal = log => _journals.TryGetValue(log, out var journal) ? journal : _journals[log] = new CutJournal(),
            Files = Files,
            Store = Store,
            Blocks = Blocks,
            Origin = Origin,
            Time = _time,
            Loggers = NullLoggerFactory.Instance,
        }));
    }

    /// <summary>Begins anew with an origin, which is set after construction, or after a stop.</summary>
    public async Task RestartAsync()
    {
        await Catalog.DisposeAsync();
        Own?.Restart();
        (Board, Catalog) = Open();
        await Catalog.UpdateAsync(CancellationToken.None);
    }

    public async Task HearAsync(params IEnumerable<TestImporter> importers)
    {
        foreach (var importer in importers) Board.Offer(importer.Announcement).ShouldNotBe(AnnouncementVerdict.Invalid);
        await Catalog.UpdateAsync(CancellationToken.None);
    }

    public async Task HearAsync(ReadOnlyMemory<byte> announcement)
    {
        Board.Offer(announcement);
        await Catalog.UpdateAsync(CancellationToken.None);
    }

    public PackageEntry? Find(string name)
    {
        var index = Catalog.Current.IndexOf(Encoding.ASCII.GetBytes(name));
        return index < 0 ? null : Catalog.Current[index];
    }

    /// <summary>"name version version …" each, ascending.</summary>
    public List<string> Listing() => Listing(Catalog.Current);

    public static List<string> Listing(ICatalogSnapshot snapshot) =>
        [.. Enumerable.Range(0, snapshot.Count).Select(i => string.Join(' ', snapshot[i].Releases.Select(release => release.Version).Prepend(snapshot[i].Name)))];

    public LogStatus StatusOf(TestImporter importer) => Catalog.Status().Logs.Single(log => log.Key == importer.VerifierKey);

    public async ValueTask DisposeAsync() => await Catalog.DisposeAsync();
}
