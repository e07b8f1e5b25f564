using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Core.Tests;

public sealed class ZstdTests
{
    private static readonly byte[] Text = [.. Enumerable.Repeat("all work and no play "u8.ToArray(), 500).SelectMany(line => line)];

    [Fact]
    public void What_was_packed_unpacks_to_the_same()
    {
        Prop.ForAll<byte[], byte, byte>((piece, times, level) =>
        {
            byte[] input = [.. Enumerable.Repeat(piece, times).SelectMany(bytes => bytes)];
            var packed = new byte[input.Length + 100];
            var output = new byte[input.Length];
            return Zstd.TryPack(input, packed, (level % 5) + 1, out var length) && Zstd.Unpack(packed.AsSpan(0, length), output) is null && output.AsSpan().SequenceEqual(input);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Room_that_is_too_short_is_no_error()
    {
        Zstd.TryPack(Text, new byte[20], 3, out var length).ShouldBeFalse();

        length.ShouldBe(0);
    }

    [Fact]
    public void What_unpacks_to_less_or_more_than_was_said_is_refused()
    {
        var packed = Pack(Text);

        Zstd.Unpack(packed, new byte[Text.Length + 1]).ShouldNotBeNull().ShouldContain($"{Text.Length}");
        Zstd.Unpack(packed, new byte[Text.Length - 1]).ShouldNotBeNull();
    }

    [Fact]
    public void Only_one_whole_frame_is_taken()
    {
        var packed = Pack(Text);
        byte[] skippable = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];

        Zstd.Unpack([.. packed, .. Pack([])], new byte[Text.Length]).ShouldNotBeNull();
        Zstd.Unpack([.. skippable, .. packed], new byte[Text.Length]).ShouldNotBeNull();
        Zstd.Unpack([.. packed, 0], new byte[Text.Length]).ShouldNotBeNull();
        Zstd.Unpack(packed.AsSpan(..^1), new byte[Text.Length]).ShouldNotBeNull();
        Zstd.Unpack([], new byte[Text.Length]).ShouldNotBeNull();
    }

    [Fact]
    public void Any_mutated_frame_is_refused_or_fills_the_output()
    {
        var packed = Pack(Text);
        Prop.ForAll<int, byte>((at, value) =>
        {
            var mutated = (byte[])packed.Clone();
            mutated[(at & int.MaxValue) % mutated.Length] = value;
            var guarded = new byte[Text.Length + 64];
            Zstd.Unpack(mutated, guarded.AsSpan(0, Text.Length));
            return !guarded.AsSpan(Text.Length).ContainsAnyExcept((byte)0);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    private static byte[] Pack(byte[] input)
    {
        var packed = new byte[input.Length + 100];
        Zstd.TryPack(input, packed, 3, out var length).ShouldBeTrue();
        return packed[..length];
    }
}
