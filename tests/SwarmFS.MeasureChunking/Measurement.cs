using SwarmFS.Core;

namespace SwarmFS.MeasureChunking;

/// <param name="Whole">Files of up to this many bytes are one block.</param>
internal sealed record Policy(string Name, ChunkSizes Sizes, int Whole);

internal readonly record struct Measurement(long Bytes, long Present, int Blocks, long CutBytes, TimeSpan Cut, long HashedBytes, TimeSpan Hash)
{
    public double SharePresent => (double)Present / Bytes;

    /// <summary>MB/s of the files that are cut at all.</summary>
    public double CutRate => CutBytes / 1e6 / Cut.TotalSeconds;

    /// <summary>MB/s of all files.</summary>
    public double BuildRate => HashedBytes / 1e6 / (Cut + Hash).TotalSeconds;

    public static Measurement operator +(Measurement one, Measurement two) =>
        new(one.Bytes + two.Bytes, one.Present + two.Present, one.Blocks + two.Blocks, one.CutBytes + two.CutBytes, one.Cut + two.Cut,
            one.HashedBytes + two.HashedBytes, one.Hash + two.Hash);

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
        // Processor time, so that other work on the machine counts less.
        var begin = Environment.CpuUsage.TotalTime;
        if (content.Length <= policy.Whole)
        {
            lengths.Add(content.Length);
        }
        else
        {
            for (var at = 0; at < content.Length; at += lengths[^1]) lengths.Add(chunker.FirstChunk(content.AsSpan(at)));
        }
        var cutEnd = Environment.CpuUsage.TotalTime;
        var start = 0;
        var digests = new List<Sha256Digest>(lengths.Count);
        foreach (var length in lengths)
        {
            digests.Add(Sha256Digest.Of(content.AsSpan(start, length)));
            start += length;
        }
        var hash = Environment.CpuUsage.TotalTime - cutEnd;
        for (var i = 0; i < lengths.Count; i++) block(digests[i], lengths[i]);
        return new Measurement(0, 0, 0, content.Length <= policy.Whole ? 0 : content.Length, cutEnd - begin, content.Length, hash);
    }
}
