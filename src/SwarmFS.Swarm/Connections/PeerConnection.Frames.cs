using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>What each kind of frame does. One frame at a time, in the order they came.</summary>
internal sealed partial class PeerConnection
{
    /// <returns>What the peer did wrong, or null. The frame's body is given back.</returns>
    private string? ActOnMessage(Frame frame)
    {
        try
        {
            return frame.Header.Kind switch
            {
                FrameKind.Want => Act<Want>(frame, ServeWant),
                FrameKind.DontHave => Act<DontHave>(frame, (id, message) => _services.Exchange.DontHave(Lane, id, message)),
                FrameKind.End => Act<End>(frame, Ended),
                FrameKind.Cancel => Act<Cancel>(frame, CancelServing),
                FrameKind.Tree => Act<TreeWant>(frame, ServeTree),
                FrameKind.GetHoldings => Act<GetHoldings>(frame, (id, message) => Done(() => _services.Holdings.Ask(this, id, message.Root))),
                FrameKind.Holdings => Act<Holdings>(frame, (_, message) => Done(() => _services.Exchange.HoldingsTold(Lane, message))),
                FrameKind.GetRecords => Act<GetRecords>(frame, (id, message) => Done(() => _services.Records.Asked(this, id, message))),
                FrameKind.Records => Act<Records>(frame, (id, message) => _services.Records.Arrived(this, id, message)),
                FrameKind.GetAddresses => Act<GetAddresses>(frame, (id, message) => Done(() => _services.Addresses.Asked(this, id, message))),
                FrameKind.Addresses => Act<Addresses>(frame, (id, message) => Done(() => _services.Addresses.Arrived(this, id, message))),
                FrameKind.Ping => Act<Ping>(frame, (id, message) => Done(() => Send(id, new Pong(message.Token)))),
                FrameKind.Pong => Act<Pong>(frame, Ponged),
                FrameKind.Goodbye => Act<Goodbye>(frame, (_, message) => Done(() => Left(message))),
                _ => $"a {frame.Header.Kind} frame after the greeting",
            };
        }
        finally
        {
            frame.Body.Return();
        }
    }

    private static string? Act<T>(in Frame frame, Func<uint, T, string?> action) where T : IWireMessage<T> =>
        WireMessage.TryRead<T>(frame.Body.Span, out var message, out var error) ? action(frame.Header.RequestId, message) : error;

    private static string? Done(Action action)
    {
        action();
        return null;
    }

    private void Left(Goodbye goodbye)
    {
        if (goodbye.Reason == GoodbyeReason.Offence) _serving.DoubtWhatWasSent();
        End($"the peer says goodbye: {goodbye.Reason}, {goodbye.Text}");
    }

    /// <returns>The same. The frame's body is given back or has become a block.</returns>
    private string? ActOnBlock(Frame frame, HashedBytes body)
    {
        var arrival = _services.Exchange.BlockArrived(Lane, frame.Header.RequestId, frame.Cid, body);
        if (arrival.Kind != ArrivalKind.Taken) frame.Body.Return();
        return arrival.Offence;
    }

    private string? ServeWant(uint id, Want want)
    {
        if (!_serving.TryAdd(new WantServeJob(id, want, DeadlineIn(want.Milliseconds)))) Send(id, new End(EndStatus.Busy));
        _wake.Set();
        return null;
    }

    private string? ServeTree(uint id, TreeWant want)
    {
        if (!_serving.TryAdd(new TreeServeJob(id, want, _services.Store, DeadlineIn(want.Milliseconds)))) Send(id, new End(EndStatus.Busy));
        _wake.Set();
        return null;
    }

    private long DeadlineIn(uint milliseconds) =>
        _services.Time.GetTimestamp() + (long)(milliseconds / 1000.0 * _services.Time.TimestampFrequency);

    private string? CancelServing(uint id, Cancel cancel)
    {
        _serving.Cancel(id, cancel.Indices);
        _wake.Set();
        return null;
    }

    private string? Ended(uint id, End end)
    {
        _services.Exchange.Ended(Lane, id, end.Status);
        return null;
    }

    private string? Ponged(uint id, Pong pong)
    {
        if (pong.Token != _pingToken) return null;
        var seconds = _services.Time.GetElapsedTime(_pinged).TotalSeconds;
        if (_roundTrip == 0 || seconds < _roundTrip) Volatile.Write(ref _roundTrip, seconds);
        _services.Exchange.RoundTripMeasured(Lane, seconds);
        return null;
    }
}
