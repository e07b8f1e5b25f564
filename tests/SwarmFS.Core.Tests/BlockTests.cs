using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Core.Tests;

public class BlockTests
{
    [Fact]
    public void A_block_lives_exactly_as_long_as_its_references()
    {
        // Each step retains (true) or disposes (false); the model is a number.
        Prop.ForAll(ArbMap.Default.ArbFor<bool[]>(), steps =>
        {
            var block = Block.Create(CidCodec.Raw, "content"u8);
            var references = 1;
            foreach (var retain in steps ?? [])
            {
                if (references == 0)
                {
                    Should.Throw<ObjectDisposedException>(() => block.Retain());
                    Should.Throw<ObjectDisposedException>(() => _ = block.Bytes);
                    return true;
                }
                if (retain) block.Retain();
                else block.Dispose();
                references += retain ? 1 : -1;
                if (references > 0 && !block.Span.SequenceEqual("content"u8)) return false;
            }
            while (references-- > 0) block.Dispose();
            Should.Throw<ObjectDisposedException>(() => _ = block.Bytes);
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void One_dispose_too_many_is_told()
    {
        var block = Block.Create(CidCodec.Raw, "content"u8);
        block.Dispose();
        Should.Throw<ObjectDisposedException>(block.Dispose);
    }

    [Fact]
    public void Threads_that_retain_and_dispose_leave_it_whole()
    {
        using var block = Block.Create(CidCodec.Raw, "content"u8);
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ =>
        {
            for (var i = 0; i < 10_000; i++) block.Retain().Dispose();
        });
        block.Span.SequenceEqual("content"u8).ShouldBeTrue();
    }

    [Fact]
    public void Bytes_of_another_content_do_not_become_a_block()
    {
        var cid = Cid.Of(CidCodec.Raw, "content"u8);
        Block.TryVerify(cid, "Content"u8).ShouldBeNull();
        Block.TryAdopt(cid, new RentedBytes([.. "contents"u8], 0, 8, null)).ShouldBeNull();
        using var verified = Block.TryVerify(cid, "content"u8);
        verified!.Cid.ShouldBe(cid);
    }

    [Fact]
    public void A_buffer_goes_back_with_the_last_of_its_parts()
    {
        var buffer = new SharedBuffer(64);
        "onetwo"u8.CopyTo(buffer.Array);
        buffer.IsShared.ShouldBeFalse();
        var one = Block.TryAdopt(Cid.Of(CidCodec.Raw, "one"u8), buffer.Share(0, 3))!;
        var two = Block.TryAdopt(Cid.Of(CidCodec.Raw, "two"u8), buffer.Share(3, 3))!;
        buffer.Release();
        two.Retain().Dispose();
        one.Span.SequenceEqual("one"u8).ShouldBeTrue();
        two.Span.SequenceEqual("two"u8).ShouldBeTrue();
        two.Dispose();
        Should.Throw<ObjectDisposedException>(() => two.Bytes);
        one.Bytes.Span.SequenceEqual("one"u8).ShouldBeTrue();
        one.Dispose();
        Should.Throw<ObjectDisposedException>(buffer.Release, "its last reference went with the last part");
    }

    [Fact]
    public void Who_keeps_a_part_for_long_keeps_no_more_than_itself()
    {
        var buffer = new SharedBuffer(64 << 10);
        "one"u8.CopyTo(buffer.Array.AsSpan(1000));
        var part = Block.TryAdopt(Cid.Of(CidCodec.Raw, "one"u8), buffer.Share(1000, 3))!;
        using var kept = part.RetainAlone();
        part.Dispose();
        buffer.IsShared.ShouldBeFalse();
        buffer.Array.AsSpan().Clear();
        kept.Span.SequenceEqual("one"u8).ShouldBeTrue();
        kept.Cid.ShouldBe(part.Cid);
        using var same = kept.RetainAlone();
        same.ShouldBeSameAs(kept);
    }

    [Fact]
    public void More_than_a_mebibyte_is_no_block()
    {
        Should.Throw<ArgumentException>(() => Block.Create(CidCodec.Raw, new byte[Block.MaxLength + 1]));
        using var largest = Block.Create(CidCodec.Raw, new byte[Block.MaxLength]);
        largest.Length.ShouldBe(Block.MaxLength);
    }
}
