using SwarmFS.Core;
using SwarmFS.MeasureChunking;

// Measures what a chunk size costs and saves: for pairs of unpacked package versions, how much of the newer one is in the older one's blocks already, in how many
// blocks it comes, and how fast files are cut. Arguments: NAME OLD-DIRECTORY NEW-DIRECTORY, repeated. Prints a table in Markdown.

if (args.Length == 0 || args.Length % 3 != 0)
{
    Console.Error.WriteLine("usage: measure-chunking NAME OLD-DIRECTORY NEW-DIRECTORY [NAME OLD NEW …]");
    return 2;
}

var cases = new List<Policy>();
foreach (var kibibytes in (int[])[16, 64, 128, 256, 512])
{
    var average = kibibytes << 10;
    var sizes = new ChunkSizes(average / 4, average, Math.Min(4 * average, Block.MaxLength));
    cases.Add(new Policy($"{kibibytes} KiB, files up to {average >> 10} KiB whole", sizes, average));
    cases.Add(new Policy($"{kibibytes} KiB, files up to {sizes.Maximum >> 10} KiB whole", sizes, sizes.Maximum));
}

var packages = args.Chunk(3).Select(words => words[0]).ToList();
Console.WriteLine($"| average | {string.Join(" | ", packages)} | all | blocks | cut MB/s | cut and hash MB/s |");
Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("--:|", packages.Count + 4))}");
foreach (var policy in cases)
{
    var pairs = args.Chunk(3).Select(words => Measurement.Compare(policy, words[1], words[2])).ToList();
    var all = pairs.Aggregate(default(Measurement), (sum, pair) => sum + pair);
    var cells = pairs.Select(pair => $"{pair.SharePresent:P1}");
    Console.WriteLine($"| {policy.Name} | {string.Join(" | ", cells)} | {all.SharePresent:P1} | {all.Blocks:N0} | {all.CutRate:N0} | {all.BuildRate:N0} |");
}
return 0;
