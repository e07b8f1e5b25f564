using System.Buffers;
using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Core.Tests;

public class MessagePackTests
{
    private delegate void Reading(ref MessagePackReader reader);

    private static byte[] Write(Action<MessagePackWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(new MessagePackWriter(buffer));
        return buffer.WrittenSpan.ToArray();
    }

    private static MessagePackFormatException Refused(string hex, Reading read) => Should.Throw<MessagePackFormatException>(() =>
    {
        var reader = new MessagePackReader(Convert.FromHexString(hex));
        read(ref reader);
        reader.End();
    });

    // Examples of the specification on msgpack.org, at both sides of every bound between forms.
    [Theory]
    [InlineData(0, "00")]
    [InlineData(127, "7f")]
    [InlineData(128, "cc80")]
    [InlineData(255, "ccff")]
    [InlineData(256, "cd0100")]
    [InlineData(65_535, "cdffff")]
    [InlineData(65_536, "ce00010000")]
    [InlineData(uint.MaxValue, "ceffffffff")]
    [InlineData(1L << 32, "cf0000000100000000")]
    [InlineData(long.MaxValue, "cf7fffffffffffffff")]
    [InlineData(-1, "ff")]
    [InlineData(-32, "e0")]
    [InlineData(-33, "d0df")]
    [InlineData(-128, "d080")]
    [InlineData(-129, "d1ff7f")]
    [InlineData(-32_768, "d18000")]
    [InlineData(-32_769, "d2ffff7fff")]
    [InlineData(int.MinValue, "d280000000")]
    [InlineData(int.MinValue - 1L, "d3ffffffff7fffffff")]
    [InlineData(long.MinValue, "d38000000000000000")]
    public void An_integer_takes_its_shortest_form_and_comes_back(long value, string hex)
    {
        var bytes = Write(writer => writer.WriteInt64(value));
        Convert.ToHexStringLower(bytes).ShouldBe(hex);
        var reader = new MessagePackReader(bytes);
        reader.ReadInt64().ShouldBe(value);
        reader.End();
    }

    [Theory]
    [InlineData("cc7f")]
    [InlineData("cd00ff")]
    [InlineData("ce0000ffff")]
    [InlineData("cf00000000ffffffff")]
    [InlineData("d0e0")]
    [InlineData("d005")]
    [InlineData("d1ff80")]
    [InlineData("d2ffff8000")]
    [InlineData("d3ffffffff80000000")]
    [InlineData("d3000000ffffffffff")]
    public void A_longer_form_of_an_integer_is_refused(string hex) =>
        Refused(hex, (ref reader) => reader.ReadInt64()).Reason.ShouldContain("shortest");

    [Theory]
    [InlineData("c50001aa")]
    [InlineData("c600000001aa")]
    public void A_longer_form_of_binary_is_refused(string hex) =>
        Refused(hex, (ref reader) => reader.ReadBinary(10)).Reason.ShouldContain("shortest");

    [Theory]
    [InlineData("d90161")]
    [InlineData("da000161")]
    [InlineData("db0000000161")]
    public void A_longer_form_of_a_string_is_refused(string hex) =>
        Refused(hex, (ref reader) => reader.ReadString(10)).Reason.ShouldContain("shortest");

    [Theory]
    [InlineData("ca00000000")]
    [InlineData("cb0000000000000000")]
    [InlineData("d40100")]
    [InlineData("c70000")]
    [InlineData("c1")]
    public void Floats_extensions_and_the_unused_code_are_refused(string hex) => Refused(hex, (ref reader) => reader.Skip());

    [Fact]
    public void Keys_of_a_map_ascend()
    {
        static void ReadMap(ref MessagePackReader reader)
        {
            var map = reader.ReadMapHeader(8);
            while (map.Next(ref reader, out _)) reader.Skip();
        }
        Refused("8201000100", ReadMap).Reason.ShouldContain("ascend");
        Refused("8202000100", ReadMap).Reason.ShouldContain("ascend");
        Refused("81a16100", ReadMap);
    }

    [Fact]
    public void Bytes_behind_the_message_are_refused() => Refused("0000", (ref reader) => reader.ReadInt64()).Reason.ShouldContain("follow");

    [Fact]
    public void A_string_that_is_not_UTF_8_is_refused() => Refused("a2c328", (ref reader) => reader.ReadString(10)).Reason.ShouldContain("UTF-8");

    [Fact]
    public void A_length_beyond_the_end_is_refused_before_anything_is_allocated()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refused("c6ffffffff00", (ref reader) => reader.ReadBinary(int.MaxValue));
        Refused("c67fffffff00", (ref reader) => reader.ReadBinary(int.MaxValue));
        Refused("db7fffffff61", (ref reader) => reader.ReadString(int.MaxValue));
        Refused("ddffffffff", (ref reader) => reader.ReadArrayHeader(int.MaxValue));
        Refused("dd7fffffff00", (ref reader) => reader.ReadArrayHeader(int.MaxValue));
        Refused("df7fffffff0000", (ref reader) => reader.ReadMapHeader(int.MaxValue));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    [Fact]
    public void The_caller_s_bound_holds()
    {
        Refused("c403010203", (ref reader) => reader.ReadBinary(2)).Reason.ShouldContain("bound of 2");
        Refused("93010203", (ref reader) => reader.ReadArrayHeader(2)).Reason.ShouldContain("bound of 2");
        Refused("cc80", (ref reader) => reader.ReadUInt64(100)).Reason.ShouldContain("bound of 100");
        Refused("c403010203", (ref reader) => reader.ReadBinaryExactly(4));
    }

    [Fact]
    public void Nesting_without_end_is_refused_by_Skip()
    {
        var nested = Enumerable.Repeat((byte)0x91, 100_000).Append((byte)0).ToArray();
        Should.Throw<MessagePackFormatException>(() =>
        {
            var reader = new MessagePackReader(nested);
            reader.Skip();
        });
    }

    [Fact]
    public void Every_value_comes_back()
    {
        var cid = Cid.Of(CidCodec.MessagePack, "x"u8);
        var bytes = Write(writer =>
        {
            writer.WriteMapHeader(7);
            writer.WriteKey(0);
            writer.WriteNil();
            writer.WriteKey(1);
            writer.WriteBoolean(true);
            writer.WriteKey(2);
            writer.WriteString("ümläut");
            writer.WriteKey(3);
            writer.WriteCid(cid);
            writer.WriteKey(4);
            writer.WriteDigest(cid.Digest);
            writer.WriteKey(300);
            writer.WriteArrayHeader(20);
            for (var i = 0; i < 20; i++) writer.WriteUInt64((ulong)i);
            writer.WriteKey(70_000);
            writer.WriteBinary(new byte[300]);
        });
        var reader = new MessagePackReader(bytes);
        var map = reader.ReadMapHeader(7);
        var keys = new List<int>();
        while (map.Next(ref reader, out var key))
        {
            keys.Add(key);
            switch (key)
            {
                case 0: reader.TryReadNil().ShouldBeTrue(); break;
                case 1: reader.ReadBoolean().ShouldBeTrue(); break;
                case 2: reader.ReadString(10).ShouldBe("ümläut"); break;
                case 3: reader.ReadCid().ShouldBe(cid); break;
                case 4: reader.ReadDigest().ShouldBe(cid.Digest); break;
                case 300: for (var left = reader.ReadArrayHeader(20); left > 0; left--) reader.ReadInt32(20).ShouldBe(20 - left); break;
                default: reader.ReadBinary(300).Length.ShouldBe(300); break;
            }
        }
        reader.End();
        keys.ShouldBe([0, 1, 2, 3, 4, 300, 70_000]);
    }

    [Fact]
    public void Any_integer_binary_or_text_comes_back()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<(long, byte[], NonNull<string>)>(), value =>
        {
            var (number, binary, text) = (value.Item1, value.Item2 ?? [], value.Item3.Get);
            if (text.Any(char.IsSurrogate)) return true;
            var bytes = Write(writer =>
            {
                writer.WriteInt64(number);
                writer.WriteBinary(binary);
                writer.WriteString(text);
            });
            var reader = new MessagePackReader(bytes);
            var same = reader.ReadInt64() == number && reader.ReadBinary(binary.Length).SequenceEqual(binary) && reader.ReadString(4 * text.Length) == text;
            reader.End();
            return same;
        }).QuickCheckThrowOnFailure();
    }
}
