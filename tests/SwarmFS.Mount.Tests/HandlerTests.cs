using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;
using SwarmFS.Mount.Host;
using SwarmFS.Testing;

namespace SwarmFS.Mount.Tests;

/// <summary>What the handler says without a kernel in between: timeouts, numbers after a restart, and times that a real clock would make slow.</summary>
public sealed class HandlerTests
{
    [Fact]
    public void Inside_a_version_everything_holds_for_ever_and_above_it_for_a_second()
    {
        using var mount = new InProcessMount();
        mount.Publish("sample", "1.0");
        foreach (var path in new[] { "pkgs", "pkgs/sample", "pkgs/nothing", "pkgs/sample/9", "pkgs/sample/1.0", "pkgs/sample/latest" })
            mount.Find(path).Timeout.ShouldBe(TimeSpan.FromSeconds(1), path);
        foreach (var path in new[] { "nothing", "cid", "pkgs/sample/1.0/dir", "pkgs/sample/1.0/dir/file", "pkgs/sample/1.0/nothing", "cid/nothing" })
            mount.Find(path).Timeout.ShouldBe(TimeSpan.MaxValue, path);
        mount.Find("pkgs/sample/1.0").Attributes.Timeout.ShouldBe(TimeSpan.MaxValue);
        mount.Find("pkgs/sample/1.0/nothing").NodeId.ShouldBe(0u);
    }

    [Fact]
    public void Another_target_of_latest_is_another_inode()
    {
        using var mount = new InProcessMount();
        mount.Publish("sample", "1.0");
        var before = mount.Find("pkgs/sample/latest");
        mount.Publish("sample", "1.10");
        var after = mount.Find("pkgs/sample/latest");
        after.NodeId.ShouldNotBe(before.NodeId);
        ReadLink(mount, before.NodeId).ShouldBe("1.0");
        ReadLink(mount, after.NodeId).ShouldBe("1.10");
    }

    private static string ReadLink(InProcessMount mount, ulong node)
    {
        var request = new FuseRequest(1, 0, 0, 1);
        var target = new byte[64];
        return Encoding.ASCII.GetString(target, 0, mount.Handler.ReadLink(ref request, node, target).Value);
    }

    [Fact]
    public void Numbers_of_an_earlier_life_are_understood_without_a_lookup()
    {
        using var mount = new InProcessMount();
        var root = mount.Publish("sample", "1.0");
        var numbers = new[] { "pkgs/sample", "pkgs/sample/latest", "pkgs/sample/1.0", "pkgs/sample/1.0/dir/file" }.Select(path => mount.Find(path)).ToArray();
        using var successor = new SwarmMount(
            new MountOptions(), mount.Catalog, mount.Content, mount.Slots, StatusFiles.None, mount.Time, NullLoggerFactory.Instance, new ServiceMeters());
        foreach (var entry in numbers)
        {
            var request = new FuseRequest(1, 0, 0, 1);
            var attributes = default(FuseAttributes);
            successor.GetAttributes(ref request, entry.NodeId, ref attributes).ShouldBe(FuseResult.Ok);
            (attributes.Inode, attributes.Mode, attributes.Size).ShouldBe((entry.Attributes.Inode, entry.Attributes.Mode, entry.Attributes.Size));
        }
        mount.Slots.GetOrAdd(root).ShouldBe(1u);
    }

    [Fact]
    public void Numbers_of_unresolved_versions_and_old_links_are_understood_without_a_lookup_among_thousands()
    {
        using var mount = new InProcessMount();
        var published = DateTimeOffset.UnixEpoch;
        mount.Catalog.Publish([.. Enumerable.Range(0, 3000).Select(i => new Release($"name{i:d4}", "1.0", null, "test", published))]);
        var numbers = Enumerable.Range(0, 3000).Select(i => (mount.Find($"pkgs/name{i:d4}/1.0"), mount.Find($"pkgs/name{i:d4}/latest"))).ToArray();
        numbers.SelectMany(n => new[] { n.Item1.NodeId, n.Item2.NodeId }).Distinct().Count().ShouldBe(6000);
        using var successor = new SwarmMount(
            new MountOptions(), mount.Catalog, mount.Content, mount.Slots, StatusFiles.None, mount.Time, NullLoggerFactory.Instance, new ServiceMeters());
        mount.Catalog.Publish(new Release("name1500", "2.0", null, "test", published));
        foreach (var (version, link) in numbers)
        {
            var request = new FuseRequest(1, 0, 0, 1);
            var attributes = default(FuseAttributes);
            successor.GetAttributes(ref request, version.NodeId, ref attributes).ShouldBe(FuseResult.Ok);
            attributes.ShouldBe(version.Attributes);
            var target = new byte[8];
            Encoding.ASCII.GetString(target, 0, successor.ReadLink(ref request, link.NodeId, target).Value).ShouldBe("1.0");
        }
    }

    [Fact]
    public void The_names_of_a_state_have_the_same_numbers_whether_taken_over_or_made_anew() =>
        Prop.ForAll<byte[], byte[]>((before, after) =>
        {
            static ListSnapshot Of(byte[] names) => new([.. names.Distinct().Order().Select(n => new PackageEntry($"n{n:d3}", [new Release($"n{n:d3}", "1", null, "", DateTimeOffset.UnixEpoch)]))], DateTimeOffset.UnixEpoch);
            var snapshot = Of(after);
            var taken = NameIndex.Of(snapshot, NameIndex.Of(Of(before), null));
            return Enumerable.Range(0, snapshot.Count).All(i =>
                taken[i] == NodeNumber.Of(NodeKind.Name, snapshot.NameAt(i)) && taken.TryFind(taken[i], out var index) && index == i && taken.Between(taken[i].Value, taken[i].Value).SequenceEqual([i]));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Numbers_that_name_nothing_are_stale_and_never_more_than_an_error()
    {
        using var mount = new InProcessMount();
        mount.Publish("sample", "1.0");
        var random = new Random(7);
        var buffer = new byte[4096];
        for (var i = 0; i < 20_000; i++)
        {
            var node = i % 4 == 0 ? NodeNumber.Leaf(1, random.Next(2000)).Value : (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            var request = new FuseRequest(1, 0, 0, 1);
            var attributes = default(FuseAttributes);
            var entry = default(FuseEntry);
            var writer = new FuseDirectoryPlusWriter(buffer);
            mount.Handler.GetAttributes(ref request, node, ref attributes);
            mount.Handler.Lookup(ref request, node, "file"u8, ref entry);
            mount.Handler.Read(ref request, node, 0, random.NextInt64(), buffer);
            mount.Handler.ReadLink(ref request, node, buffer);
            mount.Handler.ReadDirectoryPlus(ref request, node, 0, (ulong)random.NextInt64(), ref writer);
            mount.Handler.GetXattr(ref request, node, "user.x"u8, buffer);
        }
        mount.Find("pkgs/sample/1.0/dir/file").NodeId.ShouldNotBe(0u);
    }

    [Fact]
    public void An_idle_package_is_let_go_and_taken_up_again()
    {
        using var mount = new InProcessMount(new MountOptions { UseGrace = TimeSpan.FromSeconds(30) });
        mount.Publish("sample", "1.0");
        mount.Find("pkgs/sample/1.0/dir");
        mount.Content.InUse.ShouldBe(1);
        mount.Time.Advance(TimeSpan.FromSeconds(20));
        mount.Find("pkgs/sample/1.0/dir");
        mount.Time.Advance(TimeSpan.FromSeconds(20));
        mount.Content.InUse.ShouldBe(1);
        mount.Time.Advance(TimeSpan.FromSeconds(40));
        mount.Content.InUse.ShouldBe(0);
        mount.Find("pkgs/sample/1.0/dir");
        mount.Content.InUse.ShouldBe(1);
        mount.Handler.Dispose();
        mount.Content.InUse.ShouldBe(0);
    }

    [Fact]
    public void The_least_recently_used_trees_make_room()
    {
        var slots = new MemoryNodeSlots();
        using var mount = new InProcessMount();
        var trees = Enumerable.Range(0, 10).Select(i => mount.Publish("sample", $"{i}")).Select(root => mount.Content.TryGetTree(root, out var tree) ? tree : null!).ToArray();
        using var cache = new PackageTrees(new MountOptions { TreeMemory = trees[0].MemoryBytes * 8 }, new ScriptedContent(new MemoryBlockStore()), slots, mount.Time);
        foreach (var tree in trees)
        {
            cache.Add(tree);
            mount.Time.Advance(TimeSpan.FromSeconds(1));
            cache.TryGet(slots.GetOrAdd(trees[0].Root), out _).ShouldBeTrue();
            cache.Bytes.ShouldBeLessThanOrEqualTo(trees[0].MemoryBytes * 8);
        }
        cache.TryPeek(slots.GetOrAdd(trees[1].Root), out _).ShouldBeFalse();
        cache.TryPeek(slots.GetOrAdd(trees[9].Root), out _).ShouldBeTrue();
    }

    [Fact]
    public void The_window_widens_with_the_first_remote_read_and_narrows_when_there_were_none_for_a_while()
    {
        var time = new ManualTimeProvider();
        using var window = new ReadAheadWindow(new MountOptions(), time, NullLogger.Instance);
        using var sets = new System.Collections.Concurrent.BlockingCollection<int>();
        window.Attach(kib =>
        {
            sets.Add(kib);
            return kib;
        });
        sets.Take().ShouldBe(1024);
        window.Remote();
        sets.Take().ShouldBe(16 << 10);
        time.Advance(TimeSpan.FromSeconds(15));
        window.Remote();
        time.Advance(TimeSpan.FromSeconds(15));
        window.IsRemote.ShouldBeTrue();
        time.Advance(TimeSpan.FromSeconds(30));
        sets.Take().ShouldBe(1024);
        sets.Count.ShouldBe(0);
    }

    [Fact]
    public void A_status_file_keeps_its_content_for_who_has_it_and_changes_for_who_asks_anew()
    {
        var content = "first";
        using var mount = new InProcessMount(status: new StatusFiles([new StatusFile("file", () => Encoding.ASCII.GetBytes(content))]));
        var first = mount.Find(".status/file");
        content = "another";
        mount.Find(".status/file").NodeId.ShouldBe(first.NodeId, "it is not rendered anew within a tenth of a second");
        mount.Time.Advance(TimeSpan.FromSeconds(1));
        var second = mount.Find(".status/file");
        (first.Attributes.Size, second.Attributes.Size).ShouldBe((5ul, 7ul));
        Read(mount, first.NodeId).ShouldBe("first");
        Read(mount, second.NodeId).ShouldBe("another");
        for (var i = 0; i < 300; i++)
        {
            content = $"content {i}";
            mount.Time.Advance(TimeSpan.FromSeconds(1));
            mount.Find(".status/file");
        }
        Read(mount, first.NodeId).ShouldBe("ESTALE");
    }

    private static string Read(InProcessMount mount, ulong node)
    {
        var request = new FuseRequest(1, 0, 0, 1);
        var buffer = new byte[64];
        var result = mount.Handler.Read(ref request, node, 0, 0, buffer);
        return result.IsError ? ((Errno)(-result.Value)).ToString() : Encoding.ASCII.GetString(buffer, 0, result.Value);
    }

    [Theory]
    [InlineData(typeof(ContentUnavailableException), Errno.EIO)]
    [InlineData(typeof(InvalidTreeException), Errno.EIO)]
    [InlineData(typeof(TaskCanceledException), Errno.EINTR)]
    [InlineData(typeof(OutOfMemoryException), Errno.ENOMEM)]
    [InlineData(typeof(InvalidOperationException), Errno.EIO)]
    internal void Every_failure_has_an_error_number(Type failure, Errno errno) =>
        MountErrors.Of((Exception)Activator.CreateInstance(failure, "reason")!).ShouldBe(errno);
}
