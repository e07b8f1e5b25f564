using SwarmFS.Fuse;
using SwarmFS.Testing;

namespace SwarmFS.Mount.Tests;

/// <summary>What is at hand is answered without a byte of garbage.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Rounds = 5_000;

    private readonly InProcessMount _mount = new();
    private readonly byte[] _buffer = new byte[4096];

    public AllocationTests() => _mount.Publish("sample", "1.0");

    public void Dispose() => _mount.Dispose();

    private static void AllocatesNothing(Func<FuseResult> request)
    {
        var errors = 0;
        Allocations.Of(Rounds, () => errors += request().IsError ? 1 : 0).ShouldBe(0);
        errors.ShouldBe(0);
    }

    [Fact]
    public void A_lookup_inside_a_version()
    {
        var directory = _mount.Find("pkgs/sample/1.0/dir").NodeId;
        AllocatesNothing(() =>
        {
            var request = new FuseRequest(1, 0, 0, 1);
            var entry = default(FuseEntry);
            return _mount.Handler.Lookup(ref request, directory, "file"u8, ref entry);
        });
    }

    [Fact]
    public void A_lookup_of_a_name_and_of_a_link()
    {
        var name = _mount.Find("pkgs/sample").NodeId;
        AllocatesNothing(() =>
        {
            var request = new FuseRequest(1, 0, 0, 1);
            var entry = default(FuseEntry);
            _mount.Handler.Lookup(ref request, NodeNumber.Packages.Value, "sample"u8, ref entry);
            return _mount.Handler.Lookup(ref request, name, "latest"u8, ref entry);
        });
    }

    [Fact]
    public void Attributes_and_statistics()
    {
        var file = _mount.Find("pkgs/sample/1.0/dir/file").NodeId;
        AllocatesNothing(() =>
        {
            var request = new FuseRequest(1, 0, 0, 1);
            var attributes = default(FuseAttributes);
            var statistics = default(FuseStatistics);
            _mount.Handler.GetStatistics(ref request, file, ref statistics);
            return _mount.Handler.GetAttributes(ref request, file, ref attributes);
        });
    }

    [Fact]
    public void A_read_and_a_link()
    {
        var file = _mount.Find("pkgs/sample/1.0/dir/file").NodeId;
        var link = _mount.Find("pkgs/sample/1.0/link").NodeId;
        AllocatesNothing(() =>
        {
            var request = new FuseRequest(1, 0, 0, 1);
            if (_mount.Handler.ReadLink(ref request, link, _buffer).Value != 3) return FuseResult.NotImplemented;
            return _mount.Handler.Read(ref request, file, 0, 0, _buffer);
        });
    }

    [Fact]
    public void A_listing_with_attributes()
    {
        var directory = _mount.Find("pkgs/sample/1.0").NodeId;
        AllocatesNothing(() =>
        {
            var request = new FuseRequest(1, 0, 0, 1);
            var writer = new FuseDirectoryPlusWriter(_buffer);
            var result = _mount.Handler.ReadDirectoryPlus(ref request, directory, 0, 0, ref writer);
            if (writer.Written < 4 * 152) throw new InvalidOperationException("Four entries were to be listed.");
            return result;
        });
    }

    [Fact]
    public void The_questions_about_attributes_that_are_not_there()
    {
        var file = _mount.Find("pkgs/sample/1.0/dir/file").NodeId;
        AllocatesNothing(() =>
        {
            var request = new FuseRequest(1, 0, 0, 1);
            if (_mount.Handler.GetXattr(ref request, file, "security.capability"u8, _buffer) != FuseResult.Error(Errno.ENODATA)) return FuseResult.NotImplemented;
            return _mount.Handler.ListXattrs(ref request, file, _buffer);
        });
    }
}
