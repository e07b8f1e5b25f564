using System.Diagnostics;
using System.Globalization;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Catalog.Tests;

/// <summary>Runs when no other test does: managed memory is the whole process's.</summary>
[CollectionDefinition(nameof(AloneWithTheHeap), DisableParallelization = true)]
public sealed class AloneWithTheHeap;

/// <summary>A suite of the size of Debian's bookworm main amd64: 63,440 packages.</summary>
[Collection(nameof(AloneWithTheHeap))]
public sealed class WholeSuiteTests(ITestOutputHelper output)
{
    private const int Packages = 63_440;

    /// <summary>Bytes of managed memory that the catalogue of such a suite may take.</summary>
    private const long MemoryMax = 40 << 20;

    private static SuiteRecord Record(IBlockStore store, int day, int updated)
    {
        var index = new SuiteIndexBuilder();
        for (var i = 0; i < Packages; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"libsomething{i * 7919 % Packages}-dev");
            var version = string.Create(CultureInfo.InvariantCulture, $"1.{i % 97}.{(i < updated ? day : 0)}-3+deb12u1");
            var artifact = new ArtifactDigest(Sha256Digest.Of(Encoding.ASCII.GetBytes(name + version)), 100_000 + i);
            index.TryAdd(new SuiteIndexEntry(name, version, artifact, $"pool/main/libs/libsomething/{name}_{version}_amd64.deb"), out var error).ShouldBeTrue(error);
        }
        return new SuiteRecord(TestImporter.Debian, TestImporter.Day(day), Sha256Digest.Of([(byte)day]), new ArtifactDigest(Sha256Digest.Of([(byte)day]), 1), index.Build(store).Root);
    }

    private static long ManagedBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    [Fact]
    public async Task The_catalogue_of_a_whole_suite_takes_little_memory_and_an_update_tells_what_changed()
    {
        var time = new ManualTimeProvider();
        using var own = new TestImporter(1, time);
        await using var node = new TestNode(time, CatalogPolicy.Own(own.VerifierKey), [], own);
        var first = Record(own.Store, 1, updated: 0);
        var second = Record(own.Store, 2, updated: 50);
        var changed = new List<string>();
        node.Catalog.Changed += changed.AddRange;

        var before = ManagedBytes();
        var watch = Stopwatch.StartNew();
        await node.Catalog.RecordSuitesAsync([first], CancellationToken.None);
        output.WriteLine($"first suite recorded and shown in {watch.ElapsedMilliseconds} ms");
        changed.Count.ShouldBe(Packages);
        changed.Clear();
        changed.TrimExcess();
        var taken = ManagedBytes() - before;
        output.WriteLine($"{taken / 1024} KiB of managed memory");
        taken.ShouldBeLessThan(MemoryMax);
        node.Catalog.Current.Count.ShouldBe(Packages);

        watch.Restart();
        await node.Catalog.RecordSuitesAsync([second], CancellationToken.None);
        output.WriteLine($"update of 50 packages recorded and shown in {watch.ElapsedMilliseconds} ms");
        changed.Count.ShouldBe(50);
        taken = ManagedBytes() - before;
        output.WriteLine($"{taken / 1024} KiB of managed memory after it");
        taken.ShouldBeLessThan(MemoryMax);

        watch.Restart();
        for (var i = 0; i < Packages; i++) node.Catalog.Current[i].Latest.Artifact.ShouldNotBeNull();
        output.WriteLine($"all {Packages} entries made in {watch.ElapsedMilliseconds} ms");
        watch.Restart();
        await node.RestartAsync();
        output.WriteLine($"restart in {watch.ElapsedMilliseconds} ms");
        node.Catalog.Current.Count.ShouldBe(Packages);
    }
}
