using System.Net;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Swarm.Tests;

public sealed class LanDiscoveryTests
{
    private static readonly NodeId Id = new(Sha256Digest.Of("node"u8));

    [Fact]
    public void An_announcement_is_read_as_it_was_written()
    {
        LanDiscovery.TryDecode(LanDiscovery.Encode(Id, 7001), out var id, out var port).ShouldBeTrue();

        id.ShouldBe(Id);
        port.ShouldBe(7001);
    }

    [Fact]
    public void One_source_shuts_no_other_out_and_all_together_have_a_bound()
    {
        var clock = new ManualTimeProvider();
        var quota = new SuggestionQuota(TimeSpan.FromSeconds(60), clock);
        int TakenFrom(params IEnumerable<IPAddress> sources) => sources.Count(quota.TryTake);
        IPAddress Source(int host) => new([10, 1, (byte)(host >> 8), (byte)host]);

        TakenFrom(Enumerable.Repeat(Source(1), 10_000)).ShouldBeInRange(1, 64);
        quota.TryTake(Source(2)).ShouldBeTrue();
        TakenFrom(Enumerable.Range(3, 10_000).Select(Source)).ShouldBeInRange(100, 1000);

        quota.TryTake(Source(2)).ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(60));
        quota.TryTake(Source(1)).ShouldBeTrue();
    }

    [Fact]
    public void Anything_else_on_the_network_is_passed_over()
    {
        var announcement = LanDiscovery.Encode(Id, 7001);
        Prop.ForAll<byte[], int, byte>((noise, at, value) =>
        {
            var mutated = (byte[])announcement.Clone();
            mutated[(at & int.MaxValue) % mutated.Length] = value;
            if (LanDiscovery.TryDecode(mutated, out var id, out var port) && !LanDiscovery.Encode(id, port).AsSpan().SequenceEqual(mutated)) return false;
            return !LanDiscovery.TryDecode(noise, out _, out _);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
        LanDiscovery.TryDecode(LanDiscovery.Encode(Id, 0), out _, out _).ShouldBeFalse();
    }
}
