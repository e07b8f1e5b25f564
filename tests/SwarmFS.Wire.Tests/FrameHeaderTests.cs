using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Wire.Tests;

public sealed class FrameHeaderTests
{
    [Fact]
    public void A_header_is_read_as_it_was_written()
    {
        Prop.ForAll<uint, int>((id, length) =>
        {
            foreach (var kind in Enum.GetValues<FrameKind>().Where(kind => kind is not (FrameKind.None or FrameKind.Block)))
            {
                var header = new FrameHeader(kind, id, Math.Abs(length % (WireLimits.LongestBody(kind) + 1)));
                var bytes = new byte[FrameHeader.Length];
                header.WriteTo(bytes);
                if (!FrameHeader.TryRead(bytes, out var read, out _) || read != header) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_frame_longer_than_its_kind_may_be_is_refused_by_its_header_alone()
    {
        foreach (var kind in Enum.GetValues<FrameKind>().Where(kind => kind != FrameKind.None))
        {
            var bytes = new byte[FrameHeader.Length];
            new FrameHeader(kind, 1, WireLimits.LongestBody(kind) + 1).WriteTo(bytes);

            FrameHeader.TryRead(bytes, out _, out var error).ShouldBeFalse();
            error.ShouldNotBeNull().ShouldContain(kind.ToString());
        }
    }

    [Fact]
    public void A_length_beyond_two_gibibytes_is_refused()
    {
        byte[] bytes = [(byte)FrameKind.Block, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff];

        FrameHeader.TryRead(bytes, out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain("4294967295");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Reserved_bits_must_be_zero(int at)
    {
        var bytes = new byte[FrameHeader.Length];
        new FrameHeader(FrameKind.Ping, 1, 2).WriteTo(bytes);
        bytes[at] = 1;

        FrameHeader.TryRead(bytes, out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void A_kind_that_does_not_exist_is_refused()
    {
        for (var kind = 0; kind <= byte.MaxValue; kind++)
        {
            if (Enum.IsDefined((FrameKind)kind) && kind != 0) continue;
            var bytes = new byte[FrameHeader.Length];
            bytes[0] = (byte)kind;
            FrameHeader.TryRead(bytes, out _, out _).ShouldBeFalse();
        }
    }
}
