using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace SwarmFS.Core;

/// <summary>
/// Reads the canonical subset of MessagePack (the public specification on msgpack.org), in which a value has exactly one encoding:
/// <code>
/// value  := nil | bool | int | bin | str | array | map
/// int    := the shortest of positive fixint, uint 8/16/32/64 (zero and above), negative fixint, int 8/16/32/64 (below zero)
/// bin    := the shortest of bin 8/16/32          str := the shortest of fixstr, str 8/16/32, valid UTF-8
/// array  := the shortest of fixarray, array 16/32, then the items
/// map    := the shortest of fixmap, map 16/32, then (int key &gt;= 0, value) with strictly ascending keys
/// </code>
/// No floats, no extension types. Lengths and counts are checked against the remaining bytes and the caller's bound before anything is allocated.
/// A message is read to its last byte: <see cref="End"/>.
/// </summary>
public ref struct MessagePackReader(ReadOnlySpan<byte> source)
{
    /// <summary>Levels of nesting that <see cref="Skip"/> follows; no format of ours nests deeper than 6.</summary>
    private const int MaxSkipDepth = 16;

    private readonly ReadOnlySpan<byte> _source = source;

    /// <summary>Offset in bytes of the next value.</summary>
    public int Position { get; private set; }

    public readonly bool IsAtEnd => Position == _source.Length;

    /// <summary>Makes the exception for a value that was well-formed but not acceptable.</summary>
    public readonly MessagePackFormatException Refuse(string reason) => new(Position, reason);

    /// <exception cref="MessagePackFormatException">Bytes are left.</exception>
    public readonly void End()
    {
        if (!IsAtEnd) throw Refuse($"{_source.Length - Position} bytes follow the end of the message");
    }

    public bool TryReadNil()
    {
        if (Peek() != 0xc0) return false;
        Position++;
        return true;
    }

    public bool ReadBoolean()
    {
        var code = Peek();
        if (code is not (0xc2 or 0xc3)) throw Refuse($"expected a boolean, found code 0x{code:x2}");
        Position++;
        return code == 0xc3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadUInt64(ulong max = ulong.MaxValue)
    {
        // Keys, kinds and most counts are one byte.
        var at = Position;
        if ((uint)at >= (uint)_source.Length || _source[at] is > 0x7f || _source[at] > max) return ReadAnyUInt64(max);
        Position = at + 1;
        return _source[at];
    }

    private ulong ReadAnyUInt64(ulong max)
    {
        var start = Position;
        var code = Take();
        ulong value;
        bool shortest;
        switch (code)
        {
            case <= 0x7f:
                (value, shortest) = (code, true);
                break;
            case 0xcc:
                value = TakeNumber(1);
                shortest = value > 0x7f;
                break;
            case 0xcd:
                value = TakeNumber(2);
                shortest = value > byte.MaxValue;
                break;
            case 0xce:
                value = TakeNumber(4);
                shortest = value > ushort.MaxValue;
                break;
            case 0xcf:
                value = TakeNumber(8);
                shortest = value > uint.MaxValue;
                break;
            default:
                throw new MessagePackFormatException(start, $"expected an unsigned integer, found code 0x{code:x2}");
        }
        if (!shortest) throw new MessagePackFormatException(start, "the integer is not in its shortest form");
        if (value > max) throw new MessagePackFormatException(start, $"{value} is above the bound of {max}");
        return value;
    }

    public long ReadInt64()
    {
        var start = Position;
        var code = Peek();
        if (code is <= 0x7f or (>= 0xcc and <= 0xcf)) return (long)ReadUInt64(long.MaxValue);
        Position++;
        if (code >= 0xe0) return (sbyte)code;
        long value;
        bool shortest;
        switch (code)
        {
            case 0xd0:
                value = (sbyte)TakeNumber(1);
                shortest = value < -32;
                break;
            case 0xd1:
                value = (short)TakeNumber(2);
                shortest = value < sbyte.MinValue;
                break;
            case 0xd2:
                value = (int)TakeNumber(4);
                shortest = value < short.MinValue;
                break;
            case 0xd3:
                value = (long)TakeNumber(8);
                shortest = value < int.MinValue;
                break;
            default:
                throw new MessagePackFormatException(start, $"expected an integer, found code 0x{code:x2}");
        }
        if (!shortest) throw new MessagePackFormatException(start, "the integer is not in its shortest form");
        return value;
    }

    /// <summary>A number from 0 to <paramref name="max"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadInt32(int max = int.MaxValue) => (int)ReadUInt64((ulong)max);

    public uint ReadUInt32() => (uint)ReadUInt64(uint.MaxValue);

    /// <returns>A view of the message's own bytes.</returns>
    public ReadOnlySpan<byte> ReadBinary(int maxLength)
    {
        var start = Position;
        var code = Take();
        var length = code switch
        {
            0xc4 => TakeLength(start, 1, 0),
            0xc5 => TakeLength(start, 2, byte.MaxValue + 1),
            0xc6 => TakeLength(start, 4, ushort.MaxValue + 1),
            _ => throw new MessagePackFormatException(start, $"expected binary, found code 0x{code:x2}"),
        };
        return TakeBytes(start, length, maxLength);
    }

    /// <summary>Binary of exactly this length.</summary>
    public ReadOnlySpan<byte> ReadBinaryExactly(int length)
    {
        var start = Position;
        var value = ReadBinary(length);
        return value.Length == length ? value : throw new MessagePackFormatException(start, $"expected {length} bytes, found {value.Length}");
    }

    public Sha256Digest ReadDigest() => new(ReadBinaryExactly(Sha256Digest.Length));

    public Cid ReadCid()
    {
        var start = Position;
        return Cid.TryRead(ReadBinary(Cid.MaxBinaryLength), out var cid, out var error) ? cid : throw new MessagePackFormatException(start, error!);
    }

    /// <param name="maxLength">In bytes of UTF-8.</param>
    public string ReadString(int maxLength)
    {
        var start = Position;
        var code = Take();
        var length = code switch
        {
            >= 0xa0 and <= 0xbf => code & 0x1f,
            0xd9 => TakeLength(start, 1, 32),
            0xda => TakeLength(start, 2, byte.MaxValue + 1),
            0xdb => TakeLength(start, 4, ushort.MaxValue + 1),
            _ => throw new MessagePackFormatException(start, $"expected a string, found code 0x{code:x2}"),
        };
        var bytes = TakeBytes(start, length, maxLength);
        if (!System.Text.Unicode.Utf8.IsValid(bytes)) throw new MessagePackFormatException(start, "the string is not valid UTF-8");
        return MessagePackWriter.StrictUtf8.GetString(bytes);
    }

    /// <returns>The number of items that follow; each takes at least a byte, so it is at most what is left.</returns>
    public int ReadArrayHeader(int maxCount)
    {
        var start = Position;
        var code = Take();
        var count = code switch
        {
            >= 0x90 and <= 0x9f => code & 0x0f,
            0xdc => TakeLength(start, 2, 16),
            0xdd => TakeLength(start, 4, ushort.MaxValue + 1),
            _ => throw new MessagePackFormatException(start, $"expected an array, found code 0x{code:x2}"),
        };
        return CheckCount(start, count, maxCount, bytesPerItem: 1);
    }

    /// <summary>An array of exactly this many items.</summary>
    public void ReadArrayHeaderExactly(int count)
    {
        var start = Position;
        if (ReadArrayHeader(count) is var found && found != count)
            throw new MessagePackFormatException(start, $"expected an array of {count} items, found {found}");
    }

    /// <summary>Begins a map: <c>var map = reader.ReadMapHeader(8); while (map.Next(ref reader, out var key)) switch (key) …</c></summary>
    public MessagePackMap ReadMapHeader(int maxCount)
    {
        var start = Position;
        var code = Take();
        var count = code switch
        {
            >= 0x80 and <= 0x8f => code & 0x0f,
            0xde => TakeLength(start, 2, 16),
            0xdf => TakeLength(start, 4, ushort.MaxValue + 1),
            _ => throw new MessagePackFormatException(start, $"expected a map, found code 0x{code:x2}"),
        };
        return new MessagePackMap(CheckCount(start, count, maxCount, bytesPerItem: 2));
    }

    /// <summary>Passes over one value of any kind, checking that it is canonical: what a newer sender added.</summary>
    public void Skip() => Skip(MaxSkipDepth);

    private void Skip(int depth)
    {
        if (depth == 0) throw Refuse($"nested deeper than {MaxSkipDepth} levels");
        switch (Peek())
        {
            case 0xc0:
                Position++;
                break;
            case 0xc2 or 0xc3:
                ReadBoolean();
                break;
            case 0xc4 or 0xc5 or 0xc6:
                ReadBinary(int.MaxValue);
                break;
            case (>= 0xa0 and <= 0xbf) or 0xd9 or 0xda or 0xdb:
                ReadString(int.MaxValue);
                break;
            case (>= 0x90 and <= 0x9f) or 0xdc or 0xdd:
                for (var left = ReadArrayHeader(int.MaxValue); left > 0; left--) Skip(depth - 1);
                break;
            case (>= 0x80 and <= 0x8f) or 0xde or 0xdf:
                var map = ReadMapHeader(int.MaxValue);
                while (map.Next(ref this, out _)) Skip(depth - 1);
                break;
            default:
                ReadInt64OrAbove();
                break;
        }
    }

    private void ReadInt64OrAbove()
    {
        if (Peek() is <= 0x7f or (>= 0xcc and <= 0xcf)) ReadUInt64();
        else ReadInt64();
    }

    private readonly byte Peek() => Position < _source.Length ? _source[Position] : throw Refuse("the message ends early");

    private byte Take()
    {
        var code = Peek();
        Position++;
        return code;
    }

    private ulong TakeNumber(int bytes)
    {
        if (_source.Length - Position < bytes) throw Refuse("the message ends within a number");
        var number = _source.Slice(Position, bytes);
        Position += bytes;
        return bytes switch
        {
            1 => number[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(number),
            4 => BinaryPrimitives.ReadUInt32BigEndian(number),
            _ => BinaryPrimitives.ReadUInt64BigEndian(number),
        };
    }

    private int TakeLength(int start, int bytes, int shortest)
    {
        var length = TakeNumber(bytes);
        if (length < (ulong)shortest) throw new MessagePackFormatException(start, "the length is not in its shortest form");
        return length <= int.MaxValue ? (int)length : throw new MessagePackFormatException(start, $"a length of {length} is beyond the end");
    }

    private ReadOnlySpan<byte> TakeBytes(int start, int length, int maxLength)
    {
        if (length > maxLength) throw new MessagePackFormatException(start, $"{length} bytes are above the bound of {maxLength}");
        if (length > _source.Length - Position) throw new MessagePackFormatException(start, $"{length} bytes announced, {_source.Length - Position} left");
        var bytes = _source.Slice(Position, length);
        Position += length;
        return bytes;
    }

    private readonly int CheckCount(int start, int count, int maxCount, int bytesPerItem)
    {
        if (count > maxCount) throw new MessagePackFormatException(start, $"{count} items are above the bound of {maxCount}");
        if (count > (_source.Length - Position) / bytesPerItem) throw new MessagePackFormatException(start, $"{count} items announced, too few bytes left");
        return count;
    }
}

/// <summary>The place in a map that is being read; made by <see cref="MessagePackReader.ReadMapHeader"/>.</summary>
public struct MessagePackMap
{
    private int _left;
    private int _lastKey;

    internal MessagePackMap(int count)
    {
        (Count, _left, _lastKey) = (count, count, -1);
    }

    /// <summary>Pairs in the whole map.</summary>
    public int Count { get; }

    /// <summary>Reads the next key, after its value the next, until false. The caller reads or skips the value between.</summary>
    /// <exception cref="MessagePackFormatException">The keys are not ascending integers.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Next(ref MessagePackReader reader, out int key)
    {
        key = -1;
        if (_left == 0) return false;
        key = reader.ReadInt32();
        if (key <= _lastKey) throw DoesNotFollow(reader, key);
        _lastKey = key;
        _left--;
        return true;
    }

    private readonly MessagePackFormatException DoesNotFollow(in MessagePackReader reader, int key) => reader.Refuse($"key {key} does not follow {_lastKey}: keys ascend");
}
