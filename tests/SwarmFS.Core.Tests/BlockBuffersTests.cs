namespace SwarmFS.Core.Tests;

public class BlockBuffersTests
{
    // A pool of the test's own: tests of other classes take from the process's while these run.
    private readonly BlockBuffers _buffers = new();

    [Fact]
    public void Every_length_gets_a_buffer_that_is_at_most_a_quarter_too_long()
    {
        for (var length = 1; length <= 2 << 20; length += length < 10_000 ? 1 : 997)
        {
            var size = BlockBuffers.LengthOf(BlockBuffers.ClassOf(length));
            size.ShouldBeGreaterThanOrEqualTo(length);
            if (length > 256) size.ShouldBeLessThanOrEqualTo(length + (length / 4) + 1, $"{length}");
        }
    }

    [Fact]
    public void A_returned_buffer_is_handed_out_again_and_what_lies_idle_is_bounded()
    {
        var first = _buffers.Rent(1_000_000);
        _buffers.Return(first);
        var arrays = Enumerable.Range(0, 64).Select(_ => _buffers.Rent(1_000_000)).ToList();
        arrays.ShouldContain(array => ReferenceEquals(array, first));
        arrays.ForEach(array => _buffers.Return(array));
        _buffers.IdleBytes.ShouldBeLessThanOrEqualTo((16 << 20) + (1 << 20));
        _buffers.Rent(0).Length.ShouldBe(0);
        _buffers.Rent(5 << 20).Length.ShouldBe(5 << 20);
    }

    [Fact]
    public void An_idle_buffer_up_to_twice_as_large_is_handed_out_before_one_is_made()
    {
        var idle = _buffers.Rent(8192);
        _buffers.Return(idle);
        bool IsIdle(byte[] rented) => ReferenceEquals(rented, idle);
        IsIdle(_buffers.Rent(3000)).ShouldBeFalse("more than twice as large");
        IsIdle(_buffers.Rent(4097)).ShouldBeTrue();
        IsIdle(_buffers.Rent(4097)).ShouldBeFalse("it is in use");
        _buffers.Return(idle);
        IsIdle(_buffers.Rent(8192)).ShouldBeTrue("it went back to its own kind");
    }

    [Fact]
    public void Small_buffers_go_on_being_reused_when_large_ones_lie_idle()
    {
        var large = Enumerable.Range(0, 32).Select(_ => _buffers.Rent(1 << 20)).ToList();
        large.ForEach(array => _buffers.Return(array));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) _buffers.Return(_buffers.Rent(40_000));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1_000_000);
    }
}
