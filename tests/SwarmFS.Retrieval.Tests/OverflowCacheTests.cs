using SwarmFS.Core;

namespace SwarmFS.Retrieval.Tests;

public sealed class OverflowCacheTests
{
    [Fact]
    public void A_block_that_came_beside_others_keeps_no_more_than_itself()
    {
        using var overflow = new OverflowCache(capacity: 1000);
        var buffer = new SharedBuffer(64 << 10);
        "one"u8.CopyTo(buffer.Array.AsSpan(5));
        var cid = Cid.Of(CidCodec.Raw, "one"u8);
        var arrived = Block.TryAdopt(cid, buffer.Share(5, 3))!;

        overflow.Add(arrived);
        arrived.Dispose();

        buffer.IsShared.ShouldBeFalse("its 64 KiB would count as three bytes of the cache");
        buffer.Array.AsSpan().Clear();
        overflow.TryGet(cid, out var kept).ShouldBeTrue();
        using (kept) kept.Span.SequenceEqual("one"u8).ShouldBeTrue();
    }
}
