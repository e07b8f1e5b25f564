using System.Buffers.Binary;
using System.Globalization;
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
            foreach (var kind in Enum.GetValues<FrameKind>().Where(kind => kind is not (FrameKind.None or FrameKind.Block or FrameKind.Compressed)))
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

    [Theory]
    [InlineData(FrameKind.Block, BlockPrefix.Length)]
    [InlineData(FrameKind.Compressed, CompressedPrefix.Length)]
    public void A_frame_that_is_too_short_for_its_prefix_is_refused(FrameKind kind, int shortest)
    {
        var bytes = new byte[FrameHeader.Length];
        new FrameHeader(kind, 1, shortest - 1).WriteTo(bytes);
        FrameHeader.TryRead(bytes, out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain("prefix");

        new FrameHeader(kind, 1, shortest).WriteTo(bytes);
        FrameHeader.TryRead(bytes, out _, out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData(0u, false)]
    [InlineData(1u, true)]
    [InlineData((uint)WireLimits.CompressedContent, true)]
    [InlineData(WireLimits.CompressedContent + 1u, false)]
    [InlineData(uint.MaxValue, false)]
    public void A_compressed_frame_announces_content_within_its_bound(uint announced, bool fits)
    {
        var bytes = new byte[CompressedPrefix.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, announced);

        CompressedPrefix.TryRead(bytes, out var length, out var error).ShouldBe(fits);

        length.ShouldBe(fits ? (int)announced : 0);
        if (!fits) error.ShouldNotBeNull().ShouldContain(announced.ToString(CultureInfo.InvariantCulture));
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
