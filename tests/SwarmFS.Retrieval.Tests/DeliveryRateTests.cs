using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

/// <summary>What windows are measured by.</summary>
public sealed class DeliveryRateTests
{
    private const int Piece = 1_000_000;

    private readonly ManualTimeProvider _time = new();
    private readonly DeliveryRate _rate;

    public DeliveryRateTests() => _rate = new DeliveryRate(_time);

    // Ten pieces a second for so long.
    private void Deliver(double seconds)
    {
        _rate.Resume();
        for (var i = 0; i < seconds * 10; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(0.1));
            _rate.Add(Piece);
        }
        _rate.Rest();
    }

    [Fact]
    public void Nothing_is_known_of_a_link_that_has_brought_nothing_yet() => _rate.BytesPerSecond.ShouldBe(long.MaxValue);

    [Fact]
    public void What_arrives_is_counted_by_the_time_it_takes()
    {
        Deliver(2.5);
        _rate.BytesPerSecond.ShouldBeInRange(9 * Piece, 11 * Piece);
    }

    [Fact]
    public void Time_in_which_nothing_was_on_its_way_is_not_counted()
    {
        _time.Advance(TimeSpan.FromSeconds(2));
        Deliver(0.5);
        _rate.BytesPerSecond.ShouldBe(long.MaxValue);
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            Deliver(0.5);
        }
        _rate.BytesPerSecond.ShouldBeInRange(9 * Piece, 11 * Piece);
    }

    [Fact]
    public void What_is_streamed_while_nothing_was_asked_for_by_name_is_not_counted()
    {
        Deliver(2.5);
        _rate.Add(100 * Piece);
        _rate.BytesPerSecond.ShouldBeInRange(9 * Piece, 11 * Piece);
    }

    [Fact]
    public void After_a_long_pause_nothing_is_known_again()
    {
        Deliver(2.5);
        _time.Advance(TimeSpan.FromSeconds(3));
        Deliver(0.1);
        _rate.BytesPerSecond.ShouldBe(long.MaxValue);
    }
}
