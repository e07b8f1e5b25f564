using System.Net;
using SwarmFS.Testing;

namespace SwarmFS.Swarm.Tests;

public sealed class DoormanTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void A_site_has_a_bounded_number_of_handshakes_at_once()
    {
        var doorman = new Doorman(handshakesPerGroup: 8, _clock);
        for (byte i = 1; i <= 8; i++) doorman.Enter(At(192, 0, 2, i)).ShouldBeNull();

        doorman.Enter(At(192, 0, 2, 9)).ShouldNotBeNull();
        doorman.Enter(At(192, 0, 3, 9)).ShouldBeNull();
        doorman.Leave(At(192, 0, 2, 1));
        doorman.Enter(At(192, 0, 2, 9)).ShouldBeNull();
    }

    [Fact]
    public void A_v6_site_is_its_first_64_bits()
    {
        var doorman = new Doorman(handshakesPerGroup: 1, _clock);

        doorman.Enter(new IPEndPoint(IPAddress.Parse("2001:db8:1:2::1"), 1)).ShouldBeNull();
        doorman.Enter(new IPEndPoint(IPAddress.Parse("2001:db8:1:2:ffff::1"), 1)).ShouldNotBeNull();
        doorman.Enter(new IPEndPoint(IPAddress.Parse("2001:db8:1:3::1"), 1)).ShouldBeNull();
    }

    [Fact]
    public void An_address_that_lied_under_many_names_is_let_in_only_now_and_then()
    {
        var doorman = new Doorman(handshakesPerGroup: 8, _clock);
        var liar = At(192, 0, 2, 1);
        for (var i = 0; i < 8; i++) doorman.Offended(liar);

        doorman.Enter(liar).ShouldNotBeNull();
        doorman.Enter(At(192, 0, 2, 2)).ShouldBeNull();
        _clock.Advance(TimeSpan.FromSeconds(1));
        doorman.Enter(liar).ShouldBeNull();
    }

    [Fact]
    public void The_same_address_seen_through_v6_is_the_same_site()
    {
        var doorman = new Doorman(handshakesPerGroup: 1, _clock);

        doorman.Enter(At(192, 0, 2, 1)).ShouldBeNull();
        doorman.Enter(new IPEndPoint(IPAddress.Parse("::ffff:192.0.2.7"), 1)).ShouldNotBeNull();
        doorman.Leave(At(192, 0, 2, 1));
        for (var i = 0; i < 8; i++) doorman.Offended(At(192, 0, 2, 7));
        doorman.Enter(new IPEndPoint(IPAddress.Parse("::ffff:192.0.2.7"), 1)).ShouldNotBeNull();
    }

    private static IPEndPoint At(byte a, byte b, byte c, byte d) => new(new IPAddress([a, b, c, d]), 1);
}
