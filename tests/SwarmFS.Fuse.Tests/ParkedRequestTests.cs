namespace SwarmFS.Fuse.Tests;

public class ParkedRequestTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private sealed class Parking
    {
        public ParkedRequest? Request { get; set; }
        public bool IsAtHand { get; set; }
        public int Calls;

        public ScriptedHandler Handler => new()
        {
            OnRead = (ref FuseRequest request, ulong _, long _, Span<byte> destination) =>
            {
                Interlocked.Increment(ref Calls);
                if (IsAtHand)
                {
                    destination.Fill(7);
                    return FuseResult.Bytes(destination.Length);
                }

                Request = request.Park();
                return FuseResult.Parked;
            },
        };
    }

    [Fact]
    public void A_parked_request_is_answered_by_a_retry_when_the_data_are_at_hand()
    {
        var parking = new Parking();
        using var fixture = new DispatcherFixture(parking.Handler);
        fixture.Receive(Message.Read(2, 5, 0, 100));
        fixture.Channel.Sent.ShouldBe(0);
        var first = parking.Request!;
        first.Retry();
        parking.Request.ShouldBeSameAs(first);
        fixture.Channel.Sent.ShouldBe(0);
        fixture.Dispatcher.ParkedCount.ShouldBe(1);
        parking.IsAtHand = true;
        first.Retry();
        fixture.AnswerTo(2).Payload.ShouldBe(Enumerable.Repeat((byte)7, 100));
        fixture.Dispatcher.ParkedCount.ShouldBe(0);
        parking.Calls.ShouldBe(3);
    }

    [Fact]
    public void What_comes_after_the_answer_is_without_effect()
    {
        var parking = new Parking();
        using var fixture = new DispatcherFixture(parking.Handler);
        fixture.Receive(Message.Read(2, 5, 0, 100));
        parking.Request!.Fail(Errno.ETIMEDOUT);
        parking.Request.Fail(Errno.EIO);
        parking.Request.Complete("late"u8);
        parking.Request.Retry();
        fixture.Receive(Message.Interrupt(2));
        fixture.AnswerTo(2).Header.Error.ShouldBe(-(int)Errno.ETIMEDOUT);
        parking.Calls.ShouldBe(1);
    }

    [Fact]
    public void Data_can_be_given_directly_but_not_more_than_were_asked_for()
    {
        var parking = new Parking();
        using var fixture = new DispatcherFixture(parking.Handler);
        fixture.Receive(Message.Read(2, 5, 0, 5));
        Should.Throw<ArgumentException>(() => parking.Request!.Complete("longer"u8));
        fixture.Channel.Sent.ShouldBe(0);
        parking.Request!.Complete("right"u8);
        fixture.AnswerTo(2).Payload.ShouldBe("right"u8.ToArray());
    }

    [Fact]
    public async Task The_interrupt_of_a_dying_caller_is_answered_at_once_and_cancels_the_token()
    {
        var parking = new Parking();
        using var fixture = new DispatcherFixture(parking.Handler);
        fixture.Receive(Message.Read(2, 5, 0, 100));
        var cancelled = new TaskCompletionSource();
        parking.Request!.Cancelled.Register(cancelled.SetResult);
        fixture.Receive(Message.Interrupt(2));
        fixture.AnswerTo(2).Header.Error.ShouldBe(-(int)Errno.EINTR);
        await cancelled.Task.WaitAsync(Deadline);
        parking.IsAtHand = true;
        parking.Request.Retry();
        fixture.AnswersTo(2).ShouldBe(1);
    }

    [Fact]
    public void An_interrupt_during_the_call_is_answered_when_the_handler_parks()
    {
        DispatcherFixture fixture = null!;
        ParkedRequest? parked = null;
        var handler = new ScriptedHandler
        {
            OnRead = (ref FuseRequest request, ulong _, long _, Span<byte> _) =>
            {
                var other = fixture.Dispatcher.NewContext();
                fixture.Receive(other, Message.Interrupt(2));
                fixture.Dispatcher.Drop(other);
                parked = request.Park();
                return FuseResult.Parked;
            },
        };
        using (fixture = new DispatcherFixture(handler))
        {
            fixture.Receive(Message.Read(2, 5, 0, 100));
            fixture.AnswerTo(2).Header.Error.ShouldBe(-(int)Errno.EINTR);
            parked!.Cancelled.IsCancellationRequested.ShouldBeTrue();
        }
    }

    [Fact]
    public void An_interrupt_of_what_nobody_knows_is_asked_again()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        fixture.Receive(Message.Interrupt(2));
        fixture.AnswerTo(3).Header.Error.ShouldBe(-(int)Errno.EAGAIN);
    }

    [Fact]
    public void Who_parks_and_answers_in_one_call_answers_once()
    {
        ParkedRequest? parked = null;
        var handler = new ScriptedHandler
        {
            OnRead = (ref FuseRequest request, ulong _, long _, Span<byte> _) =>
            {
                parked = request.Park();
                return FuseResult.Error(Errno.ESTALE);
            },
        };
        using var fixture = new DispatcherFixture(handler);
        fixture.Receive(Message.Read(2, 5, 0, 100));
        parked!.Retry();
        parked.Fail(Errno.EIO);
        fixture.AnswerTo(2).Header.Error.ShouldBe(-(int)Errno.ESTALE);
        fixture.Dispatcher.ParkedCount.ShouldBe(0);
    }

    [Fact]
    public void The_end_of_the_session_cancels_what_is_parked_and_answers_nothing()
    {
        var parking = new Parking();
        using var fixture = new DispatcherFixture(parking.Handler);
        fixture.Receive(Message.Read(2, 5, 0, 100));
        fixture.Dispatcher.End();
        parking.Request!.Cancelled.IsCancellationRequested.ShouldBeTrue();
        parking.Request.Retry();
        fixture.Channel.Sent.ShouldBe(0);
    }

    /// <summary>Four threads that retry, fail, complete and interrupt 2,000 requests: one answer each, and none lost.</summary>
    [Fact]
    public void Racing_threads_give_one_answer()
    {
        const int Requests = 2000;
        var parked = new ParkedRequest[Requests];
        var atHand = new bool[Requests];
        var handler = new ScriptedHandler
        {
            OnRead = (ref FuseRequest request, ulong node, long _, Span<byte> destination) =>
            {
                if (Volatile.Read(ref atHand[node])) return FuseResult.Bytes(destination.Length);
                var saved = request.Park();
                Interlocked.Exchange(ref parked[node], saved);
                if (Volatile.Read(ref atHand[node])) saved.Retry();
                return FuseResult.Parked;
            },
        };
        using var fixture = new DispatcherFixture(handler);
        using var start = new Barrier(4);
        void Race(Action<RequestContext, int> move)
        {
            var context = fixture.Dispatcher.NewContext();
            for (var i = 0; i < Requests; i++)
            {
                start.SignalAndWait();
                move(context, i);
            }

            fixture.Dispatcher.Drop(context);
        }

        var threads = new Action<RequestContext, int>[]
        {
            (context, i) => fixture.Receive(context, Message.Read((ulong)(i * 2) + 2, (ulong)i, 0, 64)),
            (_, i) =>
            {
                // Each side writes before it reads what the other wrote, with a fence between: a store may otherwise wait behind the load, and neither sees the other.
                Interlocked.Exchange(ref atHand[i], true);
                Volatile.Read(ref parked[i])?.Retry();
            },
            (context, i) =>
            {
                if (i % 3 == 0) fixture.Receive(context, Message.Interrupt((ulong)(i * 2) + 2));
                Volatile.Read(ref parked[i])?.Retry();
            },
            (_, i) =>
            {
                if (i % 5 == 0) Volatile.Read(ref parked[i])?.Fail(Errno.EIO);
                else Volatile.Read(ref parked[i])?.Retry();
            },
        }.Select(move => new Thread(() => Race(move))).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join(Deadline).ShouldBeTrue();

        var answers = fixture.Channel.Answers.Where(answer => answer.Header.Unique % 2 == 0).GroupBy(answer => answer.Header.Unique).ToDictionary(g => g.Key, g => g.Count());
        answers.Count.ShouldBe(Requests);
        answers.Values.ShouldAllBe(count => count == 1);
        fixture.Dispatcher.ParkedCount.ShouldBe(0);
    }
}
