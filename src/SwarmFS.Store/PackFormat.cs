using System.Buffers.Binary;
using SwarmFS.Core;

namespace SwarmFS.Store;

// All numbers little-endian.
//   PACK   := file header, RECORD*
//   file header := "SwarmFS pack 1\n" 0x00                                            16 bytes
//   RECORD := u32 magic "SBLK", u32 length (0..1 MiB), u32 codec, u32 check, 32 digest, length bytes
//   check  := magic ^ rotl(length, 7) ^ rotl(codec, 14) ^ first four bytes of the digest
// The check tells a header from stray bytes after a torn write; whether the bytes are right, the digest tells at the first read.
//   INDEX  := "SwarmFS pidx 1\n" 0x00, u64 pack length, u32 count, u32 0, count × ENTRY, 32 SHA-256 of all before
//   ENTRY  := 32 digest, u64 offset of the bytes, u32 length, u32 codec              48 bytes
// A pack that has an index is sealed: nothing is appended to it any more.

/// <summary>The bytes of packs and of their indexes.</summary>
internal static class PackFormat
{
    public const int FileHeaderLength = 16;
    public const int RecordHeaderLength = 16 + Sha256Digest.Length;
    private const int IndexHeaderLength = 32;
    private const int EntryLength = 48;
    private const uint Magic = 0x4B4C4253;

    public static ReadOnlySpan<byte> FileHeader => "SwarmFS pack 1\n\0"u8;

    private static ReadOnlySpan<byte> IndexHeader => "SwarmFS pidx 1\n\0"u8;

    public static void WriteRecordHeader(Span<byte> destination, in Sha256Digest digest, CidCodec codec, int length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], (uint)length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], (uint)codec);
        digest.CopyTo(destination[16..]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], Check(destination));
    }

    /// <summary>False when this is no record's header.</summary>
    public static bool TryReadRecordHeader(ReadOnlySpan<byte> header, out Sha256Digest digest, out CidCodec codec, out int length)
    {
        (digest, codec, length) = (default, CidCodec.None, 0);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(header[12..]) != Check(header)) return false;
        var claimed = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        codec = (CidCodec)BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (claimed > Block.MaxLength || !IsKnown(codec)) return false;
        length = (int)claimed;
        digest = new Sha256Digest(header.Slice(16, Sha256Digest.Length));
        return true;
    }

    private static bool IsKnown(CidCodec codec) => codec is CidCodec.Raw or CidCodec.MessagePack;

    private static uint Check(ReadOnlySpan<byte> header) =>
        Magic
        ^ uint.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(header[4..]), 7)
        ^ uint.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(header[8..]), 14)
        ^ BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);

    public static byte[] EncodeIndex(IReadOnlyList<ListedBlock> blocks, long packLength)
    {
        var bytes = new byte[IndexHeaderLength + blocks.Count * EntryLength + Sha256Digest.Length];
        IndexHeader.CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), packLength);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), blocks.Count);
        var at = IndexHeaderLength;
        foreach (var block in blocks)
        {
            var entry = bytes.AsSpan(at, EntryLength);
            block.Digest.CopyTo(entry);
            BinaryPrimitives.WriteInt64LittleEndian(entry[32..], block.Offset);
            BinaryPrimitives.WriteInt32LittleEndian(entry[40..], block.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[44..], (uint)block.Codec);
            at += EntryLength;
        }
        Sha256Digest.Of(bytes.AsSpan(0, at)).CopyTo(bytes.AsSpan(at));
        return bytes;
    }

    /// <summary>Null when the index is torn, altered or not of a pack of this length: then the pack itself is scanned.</summary>
    public static List<ListedBlock>? TryDecodeIndex(ReadOnlySpan<byte> bytes, long packLength)
    {
        if (bytes.Length < IndexHeaderLength + Sha256Digest.Length || !bytes.StartsWith(IndexHeader)) return null;
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        if (count < 0 || bytes.Length != IndexHeaderLength + (long)count * EntryLength + Sha256Digest.Length) return null;
        if (BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]) != packLength) return null;
        var body = bytes[..^Sha256Digest.Length];
        if (Sha256Digest.Of(body) != new Sha256Digest(bytes[body.Length..])) return null;
        var blocks = new List<ListedBlock>(count);
        for (var entry = body[IndexHeaderLength..]; entry.Length > 0; entry = entry[EntryLength..])
        {
            var block = new ListedBlock(
                new Sha256Digest(entry[..Sha256Digest.Length]),
                BinaryPrimitives.ReadInt64LittleEndian(entry[32..]),
                BinaryPrimitives.ReadInt32LittleEndian(entry[40..]),
                (CidCodec)BinaryPrimitives.ReadUInt32LittleEndian(entry[44..]));
            if (block.Length is < 0 or > Block.MaxLength || block.Offset < 0 || block.Offset > packLength - block.Length || !IsKnown(block.Codec)) return null;
            blocks.Add(block);
        }
        return blocks;
    }
}
