using System.Net;
using SwarmFS.Core;

namespace SwarmFS.Swarm.Tests;

public sealed class PlacesTests
{
    private readonly Places _places = new(16);
    private readonly List<Place> _taken = [];

    [Fact]
    public void Callers_never_have_all_places()
    {
        for (byte site = 1; site <= 14; site++) Call($"192.0.{site}.1").ShouldBeNull();

        Call("198.51.100.1").ShouldNotBeNull();
        Find("198.51.100.2", isChosen: true).Why.ShouldBeNull();
    }

    [Fact]
    public void One_place_alone_is_for_whoever_comes()
    {
        var single = new Places(1);

        single.Find(At("192.0.2.1"), isChosen: false, isStatic: false, [], out _).ShouldBeNull();
    }

    [Fact]
    public void A_site_has_a_part_and_a_local_network_a_large_one()
    {
        for (byte host = 1; host <= 4; host++) Call($"192.0.2.{host}").ShouldBeNull();
        Call("192.0.2.5").ShouldNotBeNull().ShouldContain("its network");

        for (byte host = 1; host <= 10; host++) Call($"192.168.0.{host}").ShouldBeNull();
    }

    [Fact]
    public void When_all_is_full_the_least_useful_of_the_fullest_address_makes_room_for_another_site()
    {
        for (byte host = 1; host <= 4; host++) Call($"192.0.2.{host}", use: 10);
        for (var i = 0; i < 6; i++) Call("10.0.0.1", use: i);
        for (byte host = 2; host <= 5; host++) Call($"10.0.0.{host}");

        var (why, leaves) = Find("198.51.100.1");

        why.ShouldBeNull();
        leaves.ShouldBe(_taken.Single(place => place.Address.Equals(At("10.0.0.1")) && place.Use == 0).Id);
    }

    [Fact]
    public void An_address_with_many_places_makes_room_for_its_neighbour()
    {
        for (var i = 0; i < 12; i++) Call("10.0.0.1", use: i).ShouldBeNull();

        Find("10.0.0.1").Why.ShouldNotBeNull();
        Find("10.0.0.2").Leaves.ShouldBe(_taken[0].Id);
    }

    [Fact]
    public void Nobody_takes_the_place_of_one_who_could_take_it_back()
    {
        for (byte site = 1; site <= 14; site++) Call($"192.0.{site}.1");

        Find("198.51.100.1").Leaves.ShouldBeNull();
        _taken.RemoveAt(13);
        Call("192.0.1.2").ShouldBeNull();
        Find("198.51.100.1").Leaves.ShouldBe(_taken[^1].Id, "of two that are of no use the last");
    }

    [Fact]
    public void Whom_the_operator_names_has_a_place_in_any_case()
    {
        for (byte site = 1; site <= 14; site++) Call($"192.0.{site}.1");
        for (byte host = 1; host <= 2; host++) Add($"203.0.113.{host}", isChosen: true, use: 0);

        Find("198.51.100.1", isChosen: true).Why.ShouldNotBeNull();
        Find("198.51.100.1", isChosen: true, isStatic: true).Leaves.ShouldBe(_taken.Single(place => place.Address.Equals(At("192.0.14.1"))).Id);
    }

    private (string? Why, NodeId? Leaves) Find(string address, bool isChosen = false, bool isStatic = false)
    {
        var why = _places.Find(At(address), isChosen, isStatic, _taken, out var leaves);
        return (why, leaves);
    }

    /// <returns>Why it was refused, or null; then it has a place.</returns>
    private string? Call(string address, long use = 0)
    {
        var (why, leaves) = Find(address);
        leaves.ShouldBeNull();
        if (why is null) Add(address, isChosen: false, use);
        return why;
    }

    private void Add(string address, bool isChosen, long use) =>
        _taken.Add(new Place(new NodeId(Sha256Digest.Of(BitConverter.GetBytes(_taken.Count))), At(address), isChosen, use, DateTimeOffset.UnixEpoch.AddSeconds(_taken.Count)));

    private static IPEndPoint At(string address) => new(IPAddress.Parse(address), 1);
}
