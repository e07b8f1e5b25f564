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
        var first = doorman.Enter(At(192, 0, 2, 1), out _);
        for (byte i = 2; i <= 8; i++) Refusal(doorman, At(192, 0, 2, i)).ShouldBeNull();

        Refusal(doorman, At(192, 0, 2, 9)).ShouldNotBeNull();
        Refusal(doorman, At(192, 0, 3, 9)).ShouldBeNull();
        first!.Dispose();
        first.Dispose();
        Refusal(doorman, At(192, 0, 2, 9)).ShouldBeNull();
        Refusal(doorman, At(192, 0, 2, 10)).ShouldNotBeNull();
    }

    [Fact]
    public void One_address_leaves_room_for_its_neighbours()
    {
        var doorman = new Doorman(handshakesPerGroup: 8, _clock);
        for (var i = 0; i < 4; i++) Refusal(doorman, At(192, 0, 2, 1)).ShouldBeNull();

        Refusal(doorman, At(192, 0, 2, 1)).ShouldNotBeNull();
        Refusal(doorman, At(192, 0, 2, 2)).ShouldBeNull();
    }

    [Fact]
    public void Who_says_nothing_leaves_its_place_to_the_next_caller_of_its_network()
    {
        var doorman = new Doorman(handshakesPerGroup: 8, _clock);
        var honest = doorman.Enter(At(192, 0, 2, 1), out _)!;
        List<Doorman.Handshake> silent = [];
        for (byte host = 2; host <= 3; host++)
        {
            for (var i = 0; i < 4 && silent.Count < 7; i++) silent.Add(doorman.Enter(At(192, 0, 2, host), out _)!);
        }
        Refusal(doorman, At(192, 0, 2, 9)).ShouldNotBeNull("they have had no time");
        _clock.Advance(TimeSpan.FromSeconds(2));

        Refusal(doorman, At(192, 0, 2, 9)).ShouldBeNull();
        silent.Single(handshake => handshake.HungUp.IsCancellationRequested).ShouldBe(silent[0], "the oldest of the address that has the most");
        Refusal(doorman, At(192, 0, 2, 2)).ShouldBeNull();
        silent.Count(handshake => handshake.HungUp.IsCancellationRequested).ShouldBe(2, "whoever is the next, there is a place");
        honest.HungUp.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public void A_v6_site_is_its_first_64_bits()
    {
        var doorman = new Doorman(handshakesPerGroup: 1, _clock);

        Refusal(doorman, new IPEndPoint(IPAddress.Parse("2001:db8:1:2::1"), 1)).ShouldBeNull();
        Refusal(doorman, new IPEndPoint(IPAddress.Parse("2001:db8:1:2:ffff::1"), 1)).ShouldNotBeNull();
        Refusal(doorman, new IPEndPoint(IPAddress.Parse("2001:db8:1:3::1"), 1)).ShouldBeNull();
    }

    [Fact]
    public void An_address_that_lied_under_many_names_is_let_in_only_now_and_then()
    {
        var doorman = new Doorman(handshakesPerGroup: 8, _clock);
        var liar = At(192, 0, 2, 1);
        for (var i = 0; i < 8; i++) doorman.Offended(liar);

        Refusal(doorman, liar).ShouldNotBeNull();
        Refusal(doorman, At(192, 0, 2, 2)).ShouldBeNull();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Refusal(doorman, liar).ShouldBeNull();
    }

    [Fact]
    public void The_same_address_seen_through_v6_is_the_same_site()
    {
        var doorman = new Doorman(handshakesPerGroup: 1, _clock);

        var seen = doorman.Enter(At(192, 0, 2, 1), out _)!;
        Refusal(doorman, new IPEndPoint(IPAddress.Parse("::ffff:192.0.2.7"), 1)).ShouldNotBeNull();
        seen.Dispose();
        for (var i = 0; i < 8; i++) doorman.Offended(At(192, 0, 2, 7));
        Refusal(doorman, new IPEndPoint(IPAddress.Parse("::ffff:192.0.2.7"), 1)).ShouldNotBeNull();
    }

    private static string? Refusal(Doorman doorman, IPEndPoint caller)
    {
        doorman.Enter(caller, out var refusal);
        return refusal;
    }

    private static IPEndPoint At(byte a, byte b, byte c, byte d) => new(new IPAddress([a, b, c, d]), 1);
}
