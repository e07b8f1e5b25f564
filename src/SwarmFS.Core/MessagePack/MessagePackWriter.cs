using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace SwarmFS.Core;

/// <summary>
/// Writes the canonical subset of MessagePack (see <see cref="MessagePackReader"/> for its grammar). Every value takes its shortest form; the caller writes a map's
/// keys in ascending order and exactly as many items as a header promised.
/// </summary>
public readonly struct MessagePackWriter(IBufferWriter<byte> output)
{
    public void WriteNil() => WriteByte(0xc0);

    public void WriteBoolean(bool value) => WriteByte(value ? (byte)0xc3 : (byte)0xc2);

    public void WriteUInt64(ulong value)
    {
        if (value <= 0x7f)
        {
            WriteByte((byte)value);
            return;
        }
        var span = output.GetSpan(9);
        var length = 9;
        if (value <= byte.MaxValue)
        {
            (span[0], span[1], length) = (0xcc, (byte)value, 2);
        }
        else if (value <= ushort.MaxValue)
        {
            span[0] = 0xcd;
            BinaryPrimitives.WriteUInt16BigEndian(span[1..], (ushort)value);
            length = 3;
        }
        else if (value <= uint.MaxValue)
        {
            span[0] = 0xce;
            BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)value);
            length = 5;
        }
        else
        {
            span[0] = 0xcf;
            BinaryPrimitives.WriteUInt64BigEndian(span[1..], value);
        }
        output.Advance(length);
    }

    public void WriteInt64(long value)
    {
        if (value >= 0)
        {
            WriteUInt64((ulong)value);
            return;
        }
        if (value >= -32)
        {
            WriteByte((byte)value);
            return;
        }
        var span = output.GetSpan(9);
        var length = 9;
        if (value >= sbyte.MinValue)
        {
            (span[0], span[1], length) = (0xd0, (byte)value, 2);
        }
        else if (value >= short.MinValue)
        {
            span[0] = 0xd1;
            BinaryPrimitives.WriteInt16BigEndian(span[1..], (short)value);
            length = 3;
        }
        else if (value >= int.MinValue)
        {
            span[0] = 0xd2;
            BinaryPrimitives.WriteInt32BigEndian(span[1..], (int)value);
            length = 5;
        }
        else
        {
            span[0] = 0xd3;
            BinaryPrimitives.WriteInt64BigEndian(span[1..], value);
        }
        output.Advance(length);
    }

    public void WriteBinary(ReadOnlySpan<byte> value)
    {
        WriteLength(value.Length, 0xc4, 0xc5, 0xc6);
        output.Write(value);
    }

    /// <exception cref="ArgumentException">Unpaired surrogates: the text has no UTF-8 form.</exception>
    public void WriteString(ReadOnlySpan<char> value)
    {
        var length = StrictUtf8.GetByteCount(value);
        if (length <= 31) WriteByte((byte)(0xa0 | length));
        else WriteLength(length, 0xd9, 0xda, 0xdb);
        StrictUtf8.GetBytes(value, output.GetSpan(length));
        output.Advance(length);
    }

    public void WriteArrayHeader(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count <= 15) WriteByte((byte)(0x90 | count));
        else WriteLength(count, null, 0xdc, 0xdd);
    }

    /// <param name="count">Pairs of key and value.</param>
    public void WriteMapHeader(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count <= 15) WriteByte((byte)(0x80 | count));
        else WriteLength(count, null, 0xde, 0xdf);
    }

    /// <summary>A map's key; the caller writes them in ascending order.</summary>
    public void WriteKey(int key) => WriteUInt64((ulong)key);

    /// <summary>Binary of 32 bytes.</summary>
    public void WriteDigest(in Sha256Digest digest)
    {
        var span = output.GetSpan(2 + Sha256Digest.Length);
        (span[0], span[1]) = (0xc4, Sha256Digest.Length);
        digest.CopyTo(span[2..]);
        output.Advance(2 + Sha256Digest.Length);
    }

    /// <summary>Binary with the CID's binary form.</summary>
    public void WriteCid(in Cid cid)
    {
        Span<byte> bytes = stackalloc byte[Cid.MaxBinaryLength];
        WriteBinary(bytes[..cid.WriteTo(bytes)]);
    }

    internal static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private void WriteLength(int length, byte? code8, byte code16, byte code32)
    {
        var span = output.GetSpan(5);
        if (length <= byte.MaxValue && code8 is { } code)
        {
            (span[0], span[1]) = (code, (byte)length);
            output.Advance(2);
        }
        else if (length <= ushort.MaxValue)
        {
            span[0] = code16;
            BinaryPrimitives.WriteUInt16BigEndian(span[1..], (ushort)length);
            output.Advance(3);
        }
        else
        {
            span[0] = code32;
            BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)length);
            output.Advance(5);
        }
    }

    private void WriteByte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }
}
