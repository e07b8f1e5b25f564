using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

/// <summary>On a real disk: pages of a file system in memory cannot be given up.</summary>
public sealed partial class WriteBehindTests : IDisposable
{
    private const long RecentBytes = 4 << 20;

    private readonly string _directory = Directory.CreateDirectory(Path.Combine("/var/tmp", $"store-tests-{Guid.NewGuid():n}")).FullName;
    private readonly StoreFixture _fixture;

    public WriteBehindTests()
    {
        _fixture = new StoreFixture(directory: _directory);
        _fixture.Options = _fixture.Options with { RecentBytes = RecentBytes };
    }

    public void Dispose()
    {
        _fixture.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Of_a_large_file_only_what_came_last_stays_in_memory_and_all_of_it_is_right()
    {
        var chunks = Content.Chunks(64, 256 << 10, seed: 1);
        _fixture.Store.DeclareFile(Content.Layout(chunks));
        for (var i = 0; i < chunks.Count; i++)
        {
            _fixture.Store.Put(chunks[i]).ShouldBe(PutResult.Stored);
            if (i == 48) Resident().ShouldBeGreaterThan(RecentBytes / 2);
            // The disk has these before the file ends, however slow it is.
            if (i == 56) FlushAll();
        }
        for (var patience = 0; patience < 1000 && Resident() > 2 * RecentBytes; patience++) await Task.Delay(10, TestContext.Current.CancellationToken);
        Resident().ShouldBeLessThanOrEqualTo(2 * RecentBytes);
        chunks.ShouldAllBe(chunk => Content.IsReadable(_fixture.Store, chunk));
    }

    [Fact]
    public async Task A_file_that_is_no_larger_than_that_stays_in_memory_as_a_whole()
    {
        var chunks = Content.Chunks(16, 256 << 10, seed: 1);
        _fixture.Store.DeclareFile(Content.Layout(chunks));
        foreach (var chunk in chunks) _fixture.Store.Put(chunk).ShouldBe(PutResult.Stored);
        FlushAll();
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Resident().ShouldBe(RecentBytes);
    }

    [Fact]
    public void A_file_that_cannot_be_opened_does_not_end_the_housekeeping()
    {
        var file = new FlatFile(1, _directory, Cid.Of(CidCodec.MessagePack, [0x80]), 2 * RecentBytes, chunkCount: 1);
        Directory.CreateDirectory(file.Path);
        var behind = new WriteBehind(new HandleCache(1), RecentBytes);
        behind.Written(file, 0, (int)RecentBytes);
        behind.IsDue.ShouldBeTrue();

        behind.Run();

        behind.IsDue.ShouldBeFalse();
    }

    private void FlushAll()
    {
        using var handle = File.OpenHandle(_fixture.Files("*.flat").Single(), FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Bytes of the file that are in the page cache.</summary>
    private long Resident()
    {
        using var file = MemoryMappedFile.CreateFromFile(_fixture.Files("*.flat").Single(), FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
        using var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        var pages = new byte[view.Capacity / Environment.SystemPageSize];
        Mincore(view.SafeMemoryMappedViewHandle, (nuint)view.Capacity, pages).ShouldBe(0);
        return pages.Count(page => (page & 1) == 1) * (long)Environment.SystemPageSize;
    }

    [LibraryImport("libc", EntryPoint = "mincore", SetLastError = true)]
    private static partial int Mincore(SafeMemoryMappedViewHandle address, nuint length, [Out] byte[] pages);
}
