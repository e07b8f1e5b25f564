using System.Buffers.Binary;
using System.Runtime.Intrinsics.X86;

namespace SwarmFS.Core;

/// <summary>
/// Hashes many buffers at once where that is faster: sixteen with AVX-512, eight with AVX2 on processors without SHA extensions, which servers up to Cascade Lake are. Not safe from several
/// threads.
/// </summary>
public sealed class BlockHasher
{
    private const int LengthFieldLength = 8;

    /// <summary>Buffers that are ordered by length together.</summary>
    public const int MostAtOnce = 256;

    /// <summary>What a call of OpenSSL costs beside the hashing, in bytes that it could hash meanwhile.</summary>
    private const int CallCost = 1 << 10;

    private static readonly byte[] Nothing = new byte[Sha256Lanes.InputBlockLength];

    /// <summary>MB/s of one core with OpenSSL, one buffer after another: with SHA extensions on Emerald Rapids, without them on Cascade Lake.</summary>
    private static readonly int SpeedAlone = HasShaExtensions ? 1120 : 370;

    /// <summary>Null where one after another is as fast.</summary>
    private static readonly Sha256Lanes? Preferred = Sha256Lanes.Supported.FirstOrDefault(lanes => lanes.Speed > SpeedAlone);

    private readonly Sha256Lanes? _lanes;

    /// <summary>How many times as long as alone a buffer takes in a lane.</summary>
    private readonly double _laneCost;
    private readonly uint[] _states = [];
    private readonly LaneInput[] _inputs = [];
    private readonly Message[] _messages = [];
    private readonly byte[][] _tails = [];

    public BlockHasher() : this(Preferred)
    {
    }

    /// <param name="lanes">Null: one after another.</param>
    internal BlockHasher(Sha256Lanes? lanes)
    {
        _lanes = lanes;
        if (lanes is null) return;
        _laneCost = (double)lanes.Count * SpeedAlone / lanes.Speed;
        _states = lanes.NewStates();
        _inputs = new LaneInput[lanes.Count];
        _messages = new Message[lanes.Count];
        _tails = [.. Enumerable.Range(0, lanes.Count).Select(_ => new byte[2 * Sha256Lanes.InputBlockLength])];
    }

    /// <summary>Whether this machine hashes several buffers at once faster than one after another: whether it pays to wait until there are several.</summary>
    public static bool GainsBySeveral => Preferred is not null;

    /// <summary>CPUID leaf 7, EBX bit 29 (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, CPUID).</summary>
    private static bool HasShaExtensions => X86Base.IsSupported && (X86Base.CpuId(7, 0).Ebx & (1 << 29)) != 0;

    /// <param name="hashed">Takes one for each, in the same order.</param>
    public void Hash(ReadOnlySpan<RentedBytes> buffers, Span<HashedBytes> hashed)
    {
        Span<int> order = stackalloc int[MostAtOnce];
        Span<int> keys = stackalloc int[MostAtOnce];
        for (var at = 0; at < buffers.Length; at += MostAtOnce)
        {
            var some = buffers[at..Math.Min(buffers.Length, at + MostAtOnce)];
            for (var i = 0; i < some.Length; i++) (order[i], keys[i]) = (i, -some[i].Length);
            keys[..some.Length].Sort(order[..some.Length]);
            HashLongestFirst(order[..some.Length], some, hashed[at..]);
        }
    }

    private void HashLongestFirst(ReadOnlySpan<int> order, ReadOnlySpan<RentedBytes> buffers, Span<HashedBytes> hashed)
    {
        var rest = 0L;
        foreach (var index in order) rest += buffers[index].Length;
        for (; order.Length > 0; order = order[1..])
        {
            ref readonly var longest = ref buffers[order[0]];
            rest -= longest.Length;
            if (_lanes is not null && !IsFasterAlone(_lanes, longest.Length, order.Length > 1 ? buffers[order[1]].Length : 0, rest, order.Length)) break;
            hashed[order[0]] = HashedBytes.Of(longest);
        }
        if (order.Length > 0) HashInLanes(_lanes!, order, buffers, hashed);
    }

    /// <summary>
    /// A lane is slower than OpenSSL alone. So where the longest would keep one busy when most others are done, or all are too few, it is hashed by itself.
    /// </summary>
    private bool IsFasterAlone(Sha256Lanes lanes, long longest, long second, long others, int count)
    {
        var together = _laneCost * Math.Max(longest, (longest + others) / lanes.Count);
        return longest + others + (count * CallCost) <= together || longest + CallCost + (_laneCost * Math.Max(second, others / lanes.Count)) < together;
    }

    private void HashInLanes(Sha256Lanes lanes, ReadOnlySpan<int> order, ReadOnlySpan<RentedBytes> buffers, Span<HashedBytes> hashed)
    {
        var active = 0;
        for (var lane = 0; lane < lanes.Count; lane++)
        {
            if (Next(lanes, lane, ref order, buffers)) active++;
        }
        while (active > 0)
        {
            var blocks = int.MaxValue;
            foreach (ref var message in _messages.AsSpan())
                if (message.Bytes.Array is not null) blocks = Math.Min(blocks, message.InputBlocks);
            lanes.Compress(_states, _inputs, blocks);
            for (var lane = 0; lane < lanes.Count; lane++)
            {
                ref var message = ref _messages[lane];
                if (message.Bytes.Array is null || (message.InputBlocks -= blocks) > 0) continue;
                if (!message.InTail)
                {
                    BeginTail(lane);
                    continue;
                }
                hashed[message.Index] = new HashedBytes(message.Bytes, lanes.DigestOf(_states, lane));
                if (!Next(lanes, lane, ref order, buffers)) active--;
            }
        }
    }

    /// <returns>False when there is no further message for the lane.</returns>
    private bool Next(Sha256Lanes lanes, int lane, ref ReadOnlySpan<int> order, ReadOnlySpan<RentedBytes> buffers)
    {
        if (order.Length == 0)
        {
            _messages[lane] = default;
            _inputs[lane] = new LaneInput { Source = Nothing };
            return false;
        }
        ref readonly var bytes = ref buffers[order[0]];
        _messages[lane] = new Message { Bytes = bytes, Index = order[0], InputBlocks = bytes.Length / Sha256Lanes.InputBlockLength };
        _inputs[lane] = new LaneInput { Source = bytes.Array!, At = (nuint)bytes.Offset, Stride = Sha256Lanes.InputBlockLength };
        order = order[1..];
        lanes.Begin(_states, lane);
        if (_messages[lane].InputBlocks == 0) BeginTail(lane);
        return true;
    }

    /// <summary>What is left of a message, with its padding and its length in bits (FIPS 180-4, 5.1.1).</summary>
    private void BeginTail(int lane)
    {
        ref var message = ref _messages[lane];
        var tail = _tails[lane];
        var left = message.Bytes.Length % Sha256Lanes.InputBlockLength;
        message.InTail = true;
        message.InputBlocks = left + 1 + LengthFieldLength <= Sha256Lanes.InputBlockLength ? 1 : 2;
        var end = message.InputBlocks * Sha256Lanes.InputBlockLength;
        message.Bytes.Span[^left..].CopyTo(tail);
        tail[left] = 0x80;
        tail.AsSpan(left + 1, end - left - 1).Clear();
        BinaryPrimitives.WriteInt64BigEndian(tail.AsSpan(end - LengthFieldLength), 8L * message.Bytes.Length);
        _inputs[lane] = new LaneInput { Source = tail, Stride = Sha256Lanes.InputBlockLength };
    }

    private struct Message
    {
        /// <summary>Without an array: the lane is idle.</summary>
        public RentedBytes Bytes;
        public int Index;

        /// <summary>Input blocks of 64 bytes that are still to come from the message, or from its tail.</summary>
        public int InputBlocks;
        public bool InTail;
    }
}
