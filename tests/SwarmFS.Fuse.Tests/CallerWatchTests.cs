using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Fuse.Tests;

/// <summary>Reading a thread's signals, and watching callers without a kernel.</summary>
public class CallerWatchTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(0UL, 0UL, 0UL, 0UL, false)]
    [InlineData(0x100UL, 0UL, 0UL, 0UL, true)] // SIGKILL
    [InlineData(0x100UL, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, true)]
    [InlineData(0x2UL, 0UL, 0UL, 0UL, true)] // SIGINT
    [InlineData(0x2UL, 0UL, 0UL, 0x2UL, false)]
    [InlineData(0x2UL, 0x2UL, 0UL, 0UL, false)]
    [InlineData(0x2UL, 0UL, 0x2UL, 0UL, false)]
    [InlineData(0x4UL, 0UL, 0UL, 0x2UL, true)] // SIGQUIT
    [InlineData(0x10000UL, 0UL, 0UL, 0UL, false)] // SIGCHLD
    [InlineData(0x8000000UL, 0UL, 0UL, 0UL, false)] // SIGWINCH
    [InlineData(0x80000UL, 0UL, 0UL, 0UL, false)] // SIGTSTP
    [InlineData(0x2000UL, 0UL, 0UL, 0x2000UL, false)] // SIGALRM
    [InlineData(0x8000000000000000UL, 0UL, 0UL, 0UL, true)] // SIGRTMAX
    public void What_ends_a_thread_is_told_from_what_it_survives(ulong pending, ulong blocked, ulong ignored, ulong caught, bool isFatal)
    {
        foreach (var (own, shared) in new[] { (pending, 0UL), (0UL, pending), (pending, pending) })
        {
            SignalSets.TryParse(Status(own, shared, blocked, ignored, caught), out var sets).ShouldBeTrue();
            sets.ShouldBe(new SignalSets(pending, blocked, ignored, caught));
            sets.IsFatal.ShouldBe(isFatal);
        }
    }

    [Fact]
    public void A_status_that_was_cut_short_or_changed_is_not_believed()
    {
        var status = Status(0x100, 0, 0, 0, 0x2);
        var whole = status.AsSpan().IndexOf("CapInh"u8);
        for (var length = 0; length < whole; length++) SignalSets.TryParse(status.AsSpan(0, length), out _).ShouldBeFalse($"{length} bytes");
        SignalSets.TryParse(status.AsSpan(0, whole), out _).ShouldBeTrue();
        SignalSets.TryParse("SigPnd:\t1\nShdPnd:\t0\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n"u8, out _).ShouldBeFalse();
        status.AsSpan().Replace((byte)'2', (byte)'-');
        SignalSets.TryParse(status, out _).ShouldBeFalse();
    }

    [Fact]
    public void Any_text_is_refused_without_an_accident() =>
        Prop.ForAll<byte[]>(text => !SignalSets.TryParse([.. "SigPnd:\t"u8, .. text], out _)).QuickCheckThrowOnFailure();

    [Fact]
    public async Task The_kernels_own_status_is_read()
    {
        using var sleeper = Child.Start("sleep", "60");
        CallerSignals.IsDying((uint)sleeper.Id).ShouldBeFalse();
        sleeper.Signal("KILL");
        (await sleeper.HasEndedWithin(Deadline)).ShouldBeTrue();
        CallerSignals.IsDying((uint)sleeper.Id).ShouldBeTrue("nobody is there any more");
        CallerSignals.IsDying(0).ShouldBeTrue("a caller of another PID namespace cannot be looked at");
    }

    [Fact]
    public void Who_survives_his_signal_is_watched_until_he_is_answered()
    {
        using var fixture = new DispatcherFixture(Parking(out var parked), isDying: _ => false);
        fixture.Receive(Message.Read(2, 5, 0, 4));
        fixture.Receive(Message.Interrupt(2));
        fixture.Receive(Message.Interrupt(2));
        (fixture.Channel.Sent, fixture.Dispatcher.WatchedCount).ShouldBe((0, 1));
        parked()!.Cancelled.IsCancellationRequested.ShouldBeFalse();
        parked()!.Complete("data"u8);
        fixture.AnswerTo(2).Payload.ShouldBe("data"u8.ToArray());
        WaitFor(() => fixture.Dispatcher.WatchedCount == 0);

        fixture.Receive(Message.Read(4, 5, 0, 4));
        fixture.Receive(Message.Interrupt(4));
        fixture.Dispatcher.WatchedCount.ShouldBe(1);
        fixture.Dispatcher.End();
        fixture.Dispatcher.WatchedCount.ShouldBe(0);
        fixture.AnswersTo(4).ShouldBe(0);
    }

    [Fact]
    public void Who_dies_later_is_let_go_and_the_others_wait_on()
    {
        var dying = 0u;
        using var fixture = new DispatcherFixture(Parking(out _), isDying: thread => thread == Volatile.Read(ref dying));
        for (var round = 0u; round < 2; round++)
        {
            var (first, second) = ((round * 4) + 2, (round * 4) + 4);
            fixture.Receive(From(100 + first, Message.Read(first, 5, 0, 4)));
            fixture.Receive(From(100 + second, Message.Read(second, 5, 0, 4)));
            fixture.Receive(Message.Interrupt(first));
            fixture.Receive(Message.Interrupt(second));
            Volatile.Write(ref dying, 100 + second);
            WaitFor(() => fixture.AnswersTo(second) == 1);
            fixture.AnswerTo(second).Header.Error.ShouldBe(-(int)Errno.EINTR);
            fixture.AnswersTo(first).ShouldBe(0);
            Volatile.Write(ref dying, 100 + first);
            WaitFor(() => fixture.AnswersTo(first) == 1 && fixture.Dispatcher.WatchedCount == 0);
        }

        fixture.Dispatcher.ParkedCount.ShouldBe(0);
    }

    [Fact]
    public void A_harmless_signal_during_the_call_is_watched_when_the_handler_parks()
    {
        DispatcherFixture fixture = null!;
        var isDying = false;
        var handler = new ScriptedHandler
        {
            OnRead = (ref FuseRequest request, ulong _, long _, Span<byte> _) =>
            {
                var other = fixture.Dispatcher.NewContext();
                fixture.Receive(other, Message.Interrupt(2));
                fixture.Dispatcher.Drop(other);
                request.Park();
                return FuseResult.Parked;
            },
        };
        using (fixture = new DispatcherFixture(handler, isDying: _ => Volatile.Read(ref isDying)))
        {
            fixture.Receive(Message.Read(2, 5, 0, 100));
            (fixture.Channel.Sent, fixture.Dispatcher.WatchedCount).ShouldBe((0, 1));
            Volatile.Write(ref isDying, true);
            WaitFor(() => fixture.AnswersTo(2) == 1);
        }
    }

    private static ScriptedHandler Parking(out Func<ParkedRequest?> last)
    {
        ParkedRequest? parked = null;
        last = () => parked;
        return new ScriptedHandler
        {
            OnRead = (ref FuseRequest request, ulong _, long _, Span<byte> _) =>
            {
                parked = request.Park();
                return FuseResult.Parked;
            },
        };
    }

    // The caller's thread id is the fuse_in_header's word of 32 bits at byte 32.
    private static byte[] From(uint thread, byte[] message)
    {
        BitConverter.TryWriteBytes(message.AsSpan(32), thread).ShouldBeTrue();
        return message;
    }

    private static byte[] Status(ulong own, ulong shared, ulong blocked, ulong ignored, ulong caught) => System.Text.Encoding.ASCII.GetBytes(
        $"Name:\tSigPnd:\\nx\nState:\tD (disk sleep)\nGroups:\t0 \nSigQ:\t1/96365\nSigPnd:\t{own:x16}\nShdPnd:\t{shared:x16}\nSigBlk:\t{blocked:x16}\nSigIgn:\t{ignored:x16}\nSigCgt:\t{caught:x16}\nCapInh:\t0000000000000000\n");

    private static void WaitFor(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            watch.Elapsed.ShouldBeLessThan(Deadline);
            Thread.Yield();
        }
    }
}
