using System.Diagnostics;
using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

/// <summary>On small file systems of its own, mounted for the test and unmounted on every path.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("store-disk-").FullName;
    private readonly string _disk;

    public FullDiskTests() => _disk = Directory.CreateDirectory(Path.Combine(_scratch, "disk")).FullName;

    public void Dispose()
    {
        Run("umount", "-l", _disk);
        Directory.Delete(_scratch, recursive: true);
    }

    private static int Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    private void MountDisk(string kind, int mebibytes)
    {
        if (kind == "tmpfs")
        {
            Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", _disk).ShouldBe(0);
            return;
        }
        var image = Path.Combine(_scratch, "image");
        using (var file = File.Create(image)) file.SetLength((long)mebibytes << 20);
        Run("mkfs.ext4", "-q", "-m", "0", image).ShouldBe(0);
        Assert.SkipUnless(Run("mount", "-o", "loop", image, _disk) == 0, "no loop device here");
    }

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("ext4")]
    public async Task A_full_disk_refuses_blocks_harms_none_and_takes_them_again_when_there_is_space(string kind)
    {
        MountDisk(kind, mebibytes: 40);
        using var fixture = new StoreFixture(quota: 1L << 30, directory: Path.Combine(_disk, "store"));
        using var root = Content.Raw(1, 1);
        var kept = new List<Block>();
        var refused = 0;
        using (fixture.Store.HoldNew())
        {
            for (var i = 0; i < 700; i++)
            {
                var block = Content.Raw(i % 5 == 0 ? 300_000 : i % 5 == 1 ? 60_000 : 3000 + i, 100 + i);
                switch (fixture.Store.Put(block))
                {
                    case PutResult.Stored: kept.Add(block); break;
                    case PutResult.NoSpace: refused++; break;
                }
            }
            var chunks = Content.Chunks(20, 250_000, seed: 5000);
            fixture.Store.DeclareFile(Content.Layout(chunks));
            chunks.ForEach(chunk => (fixture.Store.Put(chunk) == PutResult.Stored ? kept : []).Add(chunk));
            Should.Throw<StoreFullException>(() => ImportLarge(fixture.Store));
            FillToTheLastByte();
            Should.Throw<IOException>(() => fixture.Store.Pin(root.Cid, "user"), "a pin that cannot be made durable is none");
            fixture.Store.Pins.ShouldBeEmpty();
            File.Delete(Path.Combine(_disk, "filler"));

            refused.ShouldBeGreaterThan(0);
            kept.ShouldAllBe(block => Content.IsReadable(fixture.Store, block));
        }
        fixture.Time.Advance(TimeSpan.FromSeconds(2));
        using (var late = Content.Raw(5000, 9999)) fixture.Store.Put(late).ShouldBe(PutResult.Stored, "the hold is over: there is something to evict");

        var reopened = fixture.Reopen();
        var report = await reopened.CheckAsync(null, CancellationToken.None);
        report.Damaged.ShouldBeEmpty();
        await reopened.CollectAllAsync(CancellationToken.None);
        fixture.Time.Advance(TimeSpan.FromSeconds(2));
        reopened.Pin(root.Cid, "user");
        for (var i = 0; i < 100; i++) reopened.Put(Content.Raw(100_000, 20_000 + i)).ShouldBe(PutResult.Stored);
    }

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("ext4")]
    public void What_was_taken_while_it_fitted_can_be_written_however_full_the_disk_is_by_then(string kind)
    {
        MountDisk(kind, mebibytes: 40);
        using var fixture = new StoreFixture(quota: 1L << 30, directory: Path.Combine(_disk, "store"));
        var kept = new List<Block>();
        for (var i = 0; i < 50; i++)
        {
            var block = Content.Raw(4000 + i, i);
            fixture.Store.Put(block).ShouldBe(PutResult.Stored);
            kept.Add(block);
        }
        FillToTheLastByte();
        for (var i = 0; i < 100; i++)
        {
            var block = Content.Raw(4000 + i, 100 + i);
            fixture.Store.Put(block).ShouldBe(PutResult.Stored, "a mebibyte was reserved");
            kept.Add(block);
        }

        fixture.Store.HoldNew().Dispose();

        fixture.Store.Statistics.EvictedBlocks.ShouldBe(0);
        kept.ShouldAllBe(block => Content.IsReadable(fixture.Store, block));
        var reopened = fixture.Reopen();
        kept.ShouldAllBe(block => Content.IsReadable(reopened, block));
    }

    private void FillToTheLastByte()
    {
        using var filler = File.OpenHandle(Path.Combine(_disk, "filler"), FileMode.Create, FileAccess.Write);
        try
        {
            for (var at = 0L; ; at += 512) RandomAccess.Write(filler, new byte[512], at);
        }
        catch (IOException full) when (Interop.IsFull(full)) { }
    }

    private static void ImportLarge(BlockStore store)
    {
        using var writer = store.BeginLargeFile(60 << 20);
        for (var i = 0; i < 60; i++) writer.Append(Content.Raw(1 << 20, 7000 + i));
    }

    [Fact]
    public void A_working_set_larger_than_the_disk_goes_through_when_nothing_is_held()
    {
        MountDisk("tmpfs", mebibytes: 24);
        using var fixture = new StoreFixture(quota: 1L << 30, directory: Path.Combine(_disk, "store"));
        var stored = 0;
        for (var i = 0; i < 600; i++)
        {
            using var block = Content.Raw(i % 2 == 0 ? 200_000 : 5000, i);
            if (fixture.Store.Put(block) == PutResult.Stored) stored++;
            Content.IsReadable(fixture.Store, block);
        }
        stored.ShouldBeGreaterThan(500);
    }
}
