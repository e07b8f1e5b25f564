using System.Diagnostics;
using SwarmFS.Core;

namespace SwarmFS.MeasureChunking;

/// <param name="Whole">Files of up to this many bytes are one block.</param>
internal sealed record Policy(string Name, ChunkSizes Sizes, int Whole);

internal readonly record struct Measurement(long Bytes, long Present, int Blocks, TimeSpan Cut, TimeSpan Hash)
{
    public double SharePresent => (double)Present / Bytes;

    public double CutRate => Bytes / 1e6 / Cut.TotalSeconds;

    public double BuildRate => Bytes / 1e6 / (Cut + Hash).TotalSeconds;

    public static Measurement operator +(Measurement one, Measurement two) =>
        new(one.Bytes + two.Bytes, one.Present + two.Present, one.Blocks + two.Blocks, one.Cut + two.Cut, one.Hash + two.Hash);

    public static Measurement Compare(Policy policy, string older, string newer)
    {
        var known = new HashSet<Sha256Digest>();
        foreach (var file in Files(older)) Scan(policy, File.ReadAllBytes(file), (digest, _) => known.Add(digest));
        var blocks = new Dictionary<Sha256Digest, int>();
        var sum = default(Measurement);
        foreach (var file in Files(newer)) sum += Scan(policy, File.ReadAllBytes(file), (digest, length) => blocks[digest] = length);
        long total = blocks.Values.Sum(length => (long)length);
        long present = blocks.Where(block => known.Contains(block.Key)).Sum(block => (long)block.Value);
        return sum with { Bytes = total, Present = present, Blocks = blocks.Count };
    }

    private static IEnumerable<string> Files(string directory) =>
        Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint });

    private static Measurement Scan(Policy policy, byte[] content, Action<Sha256Digest, int> block)
    {
        var chunker = new Chunker(policy.Sizes);
        var lengths = new List<int>();
        var watch = Stopwatch.StartNew();
        if (content.Length <= policy.Whole)
        {
            lengths.Add(content.Length);
        }
        else
        {
            for (var at = 0; at < content.Length; at += lengths[^1]) lengths.Add(chunker.FirstChunk(content.AsSpan(at)));
        }
        var cut = watch.Elapsed;
        watch.Restart();
        var start = 0;
        var digests = new List<Sha256Digest>(lengths.Count);
        foreach (var length in lengths)
        {
            digests.Add(Sha256Digest.Of(content.AsSpan(start, length)));
            start += length;
        }
        var hash = watch.Elapsed;
        for (var i = 0; i < lengths.Count; i++) block(digests[i], lengths[i]);
        return new Measurement(content.Length, 0, lengths.Count, cut, hash);
    }
}
