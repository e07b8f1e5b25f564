using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Testing;

namespace SwarmFS.Fuse.Tests;

public class DispatcherTests
{
    [Fact]
    public void Every_kind_of_request_gets_exactly_one_answer()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        var unique = 2ul;
        foreach (var message in Message.OfEveryKind(unique)) fixture.Receive(message);
        fixture.AnswersTo(unique).ShouldBe(Message.OfEveryKind(unique).Length);
        fixture.Channel.Answers.ShouldAllBe(answer => answer.Header.Len == Unsafe.SizeOf<FuseOutHeader>() + answer.Payload.Length);
    }

    [Fact]
    public void Forgetting_needs_no_answer()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        fixture.Receive(Message.Make(FuseOpcode.Forget, 2, 5, new byte[8]));
        fixture.Receive(Message.Make(FuseOpcode.BatchForget, 4, 0, new byte[8 + 16]));
        fixture.Channel.Sent.ShouldBe(0);
    }

    [Fact]
    public void What_is_unknown_is_not_implemented_and_what_writes_meets_a_read_only_filesystem()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        fixture.Receive(Message.Make((FuseOpcode)4711, 2, 1, []));
        fixture.AnswerTo(2).Header.Error.ShouldBe(-(int)Errno.ENOSYS);
        fixture.Receive(Message.Make(FuseOpcode.Mkdir, 4, 1, new byte[20]));
        fixture.AnswerTo(4).Header.Error.ShouldBe(-(int)Errno.EROFS);
        fixture.Receive(Message.Make(FuseOpcode.Open, 6, 2, new FuseOpenIn { Flags = 1 }));
        fixture.AnswerTo(6).Header.Error.ShouldBe(-(int)Errno.EROFS);
    }

    [Fact]
    public void Passthrough_and_a_kept_cache_are_never_asked_for_together()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        fixture.Receive(Message.Make(FuseOpcode.Open, 2, 3, default(FuseOpenIn)));
        var passthrough = MemoryMarshal.Read<FuseOpenOut>(fixture.AnswerTo(2).Payload);
        (passthrough.BackingId, passthrough.OpenFlags & (2 | 128)).ShouldBe((1, 128u));
        fixture.Receive(Message.Make(FuseOpcode.Open, 4, 2, default(FuseOpenIn)));
        var cached = MemoryMarshal.Read<FuseOpenOut>(fixture.AnswerTo(4).Payload);
        (cached.BackingId, cached.OpenFlags & (2 | 128)).ShouldBe((0, 2u));
    }

    [Fact]
    public void Timeouts_keep_their_fractions_and_for_ever_fits_the_kernels_clock()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        fixture.Receive(Message.Make(FuseOpcode.Getattr, 2, 2, default(FuseGetattrIn)));
        var attributes = MemoryMarshal.Read<FuseAttrOut>(fixture.AnswerTo(2).Payload);
        (attributes.AttrValid, attributes.AttrValidNsec).ShouldBe((1ul, 500_000_000u));
        fixture.Receive(Message.Lookup(4, 1, "x"));
        MemoryMarshal.Read<FuseEntryOut>(fixture.AnswerTo(4).Payload).EntryValid.ShouldBe((ulong)int.MaxValue);
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(49, -(int)Errno.ERANGE)]
    [InlineData(50, 50)]
    public void An_attribute_is_measured_refused_or_given(uint room, int outcome)
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        fixture.Receive(Message.Make(FuseOpcode.Getxattr, 2, 2, new FuseGetxattrIn { Size = room }, "user.a"));
        var (header, payload) = fixture.AnswerTo(2);
        (header.Error < 0 ? header.Error : payload.Length).ShouldBe(outcome);
        if (room == 0) MemoryMarshal.Read<FuseGetxattrOut>(payload).Size.ShouldBe(50u);
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(-512)]
    [InlineData(int.MinValue + 1)]
    [InlineData(int.MinValue)]
    public void An_answer_out_of_bounds_becomes_an_error_of_input_and_output(int value)
    {
        var handler = new ScriptedHandler { OnRead = (ref FuseRequest _, ulong _, long _, Span<byte> _) => new FuseResult(value) };
        using var fixture = new DispatcherFixture(handler);
        fixture.Receive(Message.Read(2, 2, 0, 4096));
        fixture.AnswerTo(2).Header.Error.ShouldBe(-(int)Errno.EIO);
    }

    [Fact]
    public void A_handler_that_throws_answers_with_an_error_of_input_and_output()
    {
        var handler = new ScriptedHandler { OnRead = (ref FuseRequest _, ulong _, long _, Span<byte> _) => throw new InvalidDataException("broken") };
        using var fixture = new DispatcherFixture(handler);
        fixture.Receive(Message.Read(2, 2, 0, 4096));
        fixture.AnswerTo(2).Header.Error.ShouldBe(-(int)Errno.EIO);
    }

    [Fact]
    public void Directory_replies_are_padded_and_never_longer_than_asked()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        foreach (var size in Enumerable.Range(0, 500).Append(4096).Append(2_000_000))
        {
            var unique = (ulong)(2 * size) + 2;
            fixture.Receive(Message.Make(FuseOpcode.Readdir, unique, 1, new FuseReadIn { Size = (uint)size }));
            fixture.Receive(Message.Make(FuseOpcode.Readdirplus, unique, 1, new FuseReadIn { Size = (uint)size }));
            foreach (var (_, payload) in fixture.Channel.Answers.Where(answer => answer.Header.Unique == unique))
            {
                payload.Length.ShouldBeLessThanOrEqualTo(size);
                (payload.Length % 8).ShouldBe(0);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    public void A_name_that_would_spoil_the_whole_listing_is_refused(string name) => Should.Throw<ArgumentException>(() =>
    {
        var writer = new FuseDirectoryWriter(new byte[1000]);
        writer.TryAdd(Encoding.UTF8.GetBytes(name), 1, 4, 1);
    });

    [Fact]
    public void Random_bytes_are_refused_and_never_break_the_reader() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        fixture.Receive(bytes.AsSpan(0, Math.Min(bytes.Length, FuseChannel.RequestBytes)));
        return fixture.Channel.Sent <= 1;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    /// <summary>Cut, lengthened and flipped requests: an answer each (but for the kinds that have none), of a size that the kernel accepts.</summary>
    [Fact]
    public void Mutated_requests_are_answered_and_never_break_the_reader() => Prop.ForAll(Arb.From(Mutations), mutated =>
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        fixture.Receive(mutated);
        return fixture.Channel.Sent <= 1
            && fixture.Channel.Answers.All(answer => answer.Header.Error is <= 0 and > -512 && (answer.Header.Error == 0 || answer.Payload.Length == 0));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void A_request_cut_short_is_invalid()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        FuseOpcode[] free = [FuseOpcode.Getattr, FuseOpcode.Readlink, FuseOpcode.Statfs, FuseOpcode.Opendir, FuseOpcode.Write, (FuseOpcode)40];
        foreach (var message in Message.OfEveryKind(2))
        {
            var opcode = (FuseOpcode)MemoryMarshal.Read<FuseInHeader>(message).Opcode;
            if (free.Contains(opcode)) continue;
            var cut = message[..Unsafe.SizeOf<FuseInHeader>()];
            MemoryMarshal.Write(cut, (uint)cut.Length);
            fixture.Receive(cut);
            fixture.Channel.Answers.Last().Header.Error.ShouldBe(-(int)Errno.EINVAL, opcode.ToString());
        }
    }

    [Fact]
    public void A_length_or_an_extension_that_lies_is_invalid()
    {
        using var fixture = new DispatcherFixture(new ScriptedHandler());
        var longer = Message.Lookup(2, 1, "x");
        MemoryMarshal.Write(longer, (uint)longer.Length + 1);
        fixture.Receive(longer);
        fixture.AnswerTo(2).Header.Error.ShouldBe(-(int)Errno.EINVAL);
        var extended = Message.Lookup(4, 1, "x");
        extended[36] = 255;
        fixture.Receive(extended);
        fixture.AnswerTo(4).Header.Error.ShouldBe(-(int)Errno.EINVAL);
    }

    [Fact]
    public void A_request_that_is_answered_at_once_allocates_nothing()
    {
        const int Rounds = 100_000 / 16;
        using var fixture = new DispatcherFixture(new ScriptedHandler(), onlyCounts: true);
        var messages = Message.OfEveryKind(2);
        var rounds = 0;
        void Round()
        {
            rounds++;
            foreach (var message in messages) fixture.Receive(message);
        }

        Allocations.Of(Rounds, Round).ShouldBe(0);
        fixture.Channel.Sent.ShouldBe(rounds * messages.Length);
    }

    private static readonly Gen<byte[]> Mutations =
        from message in Gen.Elements(Message.OfEveryKind(2))
        from cut in Gen.Choose(0, message.Length)
        from extra in Gen.Choose(0, 20)
        from flips in Gen.Choose(0, Math.Max(message.Length - 1, 0)).ListOf()
        from values in Gen.Choose(0, 255).ListOf(flips.Count)
        from honest in Gen.Elements(true, true, true, false)
        select Mutate(message, cut, extra, [.. flips], [.. values], honest);

    private static byte[] Mutate(byte[] message, int cut, int extra, int[] flips, int[] values, bool honestLength)
    {
        byte[] result = [.. message[..(extra % 2 == 0 ? message.Length : cut)], .. new byte[extra]];
        for (var i = 0; i < flips.Length; i++)
        {
            if (flips[i] < result.Length) result[flips[i]] = (byte)values[i];
        }

        if (honestLength && result.Length >= 4) MemoryMarshal.Write(result, (uint)result.Length);
        return result;
    }
}
