using SwarmFS.Core;
using SwarmFS.Store;

namespace SwarmFS.Fuzz.Targets;

/// <summary>The index of a pack, as a damaged disk may have it.</summary>
internal sealed class PackIndexTarget : IFuzzTarget
{
    private const long PackLength = 10_000;

    public string Name => "pack-index";

    public IEnumerable<byte[]> Seeds()
    {
        yield return PackFormat.EncodeIndex([], PackLength);
        ListedBlock[] blocks = [new(Sha256Digest.Of("a"u8), 64, 100, CidCodec.Raw), new(Sha256Digest.Of("b"u8), 212, 7, CidCodec.MessagePack)];
        yield return PackFormat.EncodeIndex(blocks, PackLength);
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (PackFormat.TryDecodeIndex(input, PackLength) is not { } blocks) return;
        if (!PackFormat.EncodeIndex(blocks, PackLength).AsSpan().SequenceEqual(input)) throw new FuzzFindingException("two encodings of one index");
    }
}

/// <summary>The list beside a flat file.</summary>
internal sealed class ChunkListTarget : IFuzzTarget
{
    public string Name => "chunk-list";

    public IEnumerable<byte[]> Seeds()
    {
        var layout = new FileLayout(Cid.Of(CidCodec.MessagePack, "file"u8), [Sha256Digest.Of("a"u8), Sha256Digest.Of("b"u8)], [100_000, 150_000]);
        yield return new ChunkList(layout, [1, 0]).Encode();
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (ChunkList.TryDecode(input) is not { } list) return;
        if (!list.Encode().AsSpan().SequenceEqual(input)) throw new FuzzFindingException("two encodings of one list");
    }
}

/// <summary>A pack without an index: what the scan after a crash finds lies within the file.</summary>
internal sealed class PackScanTarget : IFuzzTarget
{
    public string Name => "pack-scan";

    public IEnumerable<byte[]> Seeds()
    {
        var pack = new List<byte>(PackFormat.FileHeader.ToArray());
        foreach (var content in new byte[][] { [], [1, 2, 3], new byte[5000] })
        {
            var header = new byte[PackFormat.RecordHeaderLength];
            PackFormat.WriteRecordHeader(header, Sha256Digest.Of(content), CidCodec.Raw, content.Length);
            pack.AddRange(header);
            pack.AddRange(content);
        }
        yield return [.. pack];
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, input);
            var blocks = new Pack(1, path).Scan(out var end, out _);
            if (end < 0 || end > input.Length || blocks.Exists(block => block.Offset + block.Length > end)) throw new FuzzFindingException("a record leads out of its pack");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
