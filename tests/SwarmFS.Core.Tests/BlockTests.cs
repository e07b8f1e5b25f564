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
        Block.TryAdopt(cid, [.. "contents"u8], 8).ShouldBeNull();
        using var verified = Block.TryVerify(cid, "content"u8);
        verified!.Cid.ShouldBe(cid);
    }

    [Fact]
    public void More_than_a_mebibyte_is_no_block()
    {
        Should.Throw<ArgumentException>(() => Block.Create(CidCodec.Raw, new byte[Block.MaxLength + 1]));
        using var largest = Block.Create(CidCodec.Raw, new byte[Block.MaxLength]);
        largest.Length.ShouldBe(Block.MaxLength);
    }
}
