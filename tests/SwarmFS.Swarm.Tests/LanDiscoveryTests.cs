using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;

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
