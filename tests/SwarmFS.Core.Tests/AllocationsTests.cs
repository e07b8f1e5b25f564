using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

/// <summary>The measure that tests of hot paths rely on.</summary>
public sealed class AllocationsTests
{
    private object? _kept;

    [Fact]
    public void Code_that_allocates_is_seen() => Allocations.Of(1000, () => _kept = new object()).ShouldBe(24_000);

    [Fact]
    public void Code_that_allocates_now_and_then_is_seen()
    {
        var count = 0;
        Allocations.Of(1000, () =>
        {
            if (count++ % 1000 == 999) _kept = new object();
        }).ShouldBe(24);
    }

    [Fact]
    public void Threads_that_fill_the_heap_meanwhile_do_not_count()
    {
        var stop = false;
        var others = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            var arrays = new List<byte[]>();
            while (!Volatile.Read(ref stop))
            {
                for (var i = 0; i < 100; i++) arrays.Add(new byte[i * 1000]);
                if (arrays.Count > 3000) arrays.Clear();
            }
        })).ToList();
        others.ForEach(thread => thread.Start());
        try
        {
            var sum = 0L;
            for (var i = 0; i < 100; i++)
            {
                _kept = new object();
                Allocations.Of(10, () =>
                {
                    for (var k = 0; k < 300_000; k++) sum += k;
                }).ShouldBe(0);
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            others.ForEach(thread => thread.Join());
        }
    }
}
