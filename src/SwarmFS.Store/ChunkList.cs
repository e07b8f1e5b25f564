using System.Buffers.Binary;
using SwarmFS.Core;

namespace SwarmFS.Store;

// All numbers little-endian.
//   CHUNKS   := header, count × CHUNK, 32 SHA-256 of all before, count × presence
//   header   := "SwarmFS chnk 1\n" 0x00, u64 size of the file, u32 count (1..2^18), u32 codec of the file's CID, 32 its digest      64 bytes
//   CHUNK    := 32 digest, u64 offset of the first byte after it                                                                 40 bytes
//   presence := u8, 1 when the chunk's bytes were written to the flat file, otherwise 0

/// <summary>The list beside a flat file: which chunks belong where, and which are there. A byte per chunk, so that noting one is one write without a read.</summary>
internal sealed record ChunkList(FileLayout Layout, byte[] Presence)
{
    /// <summary>32 GiB at 128 KiB; a longer file that is fetched is kept as loose chunks, and one that is imported is refused, so that no list takes more than 11 MiB.</summary>
    public const int MaxChunks = 1 << 18;

    private const int HeaderLength = 64;
    private const int ChunkLength = 40;

    private static ReadOnlySpan<byte> Magic => "SwarmFS chnk 1\n\0"u8;

    public static int EncodedLength(int chunks) => HeaderLength + chunks * (ChunkLength + 1) + Sha256Digest.Length;

    /// <summary>Where in the file the presence of this chunk is noted.</summary>
    public static long PresenceOffset(int chunks, int chunk) => HeaderLength + (long)chunks * ChunkLength + Sha256Digest.Length + chunk;

    public byte[] Encode()
    {
        var bytes = new byte[EncodedLength(Layout.ChunkCount)];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Layout.Size);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), Layout.ChunkCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(28), (uint)Layout.File.Codec);
        Layout.File.Digest.CopyTo(bytes.AsSpan(32));
        var at = HeaderLength;
        for (var chunk = 0; chunk < Layout.ChunkCount; chunk++, at += ChunkLength)
        {
            Layout.ChunkCid(chunk).Digest.CopyTo(bytes.AsSpan(at));
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at + Sha256Digest.Length), Layout.ChunkStart(chunk) + Layout.ChunkLength(chunk));
        }
        Sha256Digest.Of(bytes.AsSpan(0, at)).CopyTo(bytes.AsSpan(at));
        Presence.CopyTo(bytes, at + Sha256Digest.Length);
        return bytes;
    }

    /// <summary>Null when the list is torn or altered: then nobody knows what the flat file holds.</summary>
    public static ChunkList? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength || !bytes.StartsWith(Magic)) return null;
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        var codec = (CidCodec)BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]);
        if (count is < 1 or > MaxChunks || bytes.Length != EncodedLength(count) || codec is not (CidCodec.Raw or CidCodec.MessagePack)) return null;
        var described = bytes[..(HeaderLength + count * ChunkLength)];
        if (Sha256Digest.Of(described) != new Sha256Digest(bytes.Slice(described.Length, Sha256Digest.Length))) return null;
        var (digests, ends, end) = (new Sha256Digest[count], new long[count], 0L);
        for (var chunk = 0; chunk < count; chunk++)
        {
            var entry = described.Slice(HeaderLength + chunk * ChunkLength, ChunkLength);
            digests[chunk] = new Sha256Digest(entry[..Sha256Digest.Length]);
            ends[chunk] = BinaryPrimitives.ReadInt64LittleEndian(entry[Sha256Digest.Length..]);
            if (ends[chunk] <= end || ends[chunk] - end > Block.MaxLength) return null;
            end = ends[chunk];
        }
        if (end != BinaryPrimitives.ReadInt64LittleEndian(bytes[16..])) return null;
        var file = new Cid(codec, new Sha256Digest(bytes.Slice(32, Sha256Digest.Length)));
        return new ChunkList(new FileLayout(file, digests, ends), bytes[^count..].ToArray());
    }
}
