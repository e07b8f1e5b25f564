using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

/// <summary>A second implementation, in another language with another codec, makes the same blocks from FORMAT.md.</summary>
public class IndependentImplementationTests
{
    [Fact]
    public void It_makes_the_same_blocks_of_a_tree_with_everything_in_it() => Compare(SampleTree.Everything);

    [Fact]
    public void It_makes_the_same_blocks_of_a_directory_with_shards_on_two_levels()
    {
        // 700 KiB of names with many distinct attributes.
        Compare(
        [
            .. Enumerable.Range(0, 6_000).Select(i => new SampleEntry(
                $"d/{i * 7919 % 6_000:d4}-{new string('n', i % 100)}", i % 5 == 0 ? 'l' : 'f', SampleTree.FileAttributes with { MtimeSeconds = i % 3, Uid = (uint)(i % 2) }, i % 7, "target")),
            new("d/directory/file", 'f', SampleTree.FileAttributes, 3),
        ]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void It_makes_the_same_blocks_of_a_random_tree(int seed) => Compare(SampleTree.Random(seed));

    private static void Compare(IReadOnlyList<SampleEntry> entries)
    {
        var store = new MemoryBlockStore();
        var built = SampleTree.Build(store, entries);
        string[] ours = [built.Root.ToString(), .. store.Cids.Select(Binary).Order(StringComparer.Ordinal)];

        var theirs = RunOracle(entries);
        theirs[0].ShouldBe(ours[0]);
        theirs[1..].Select(line => Binary(Cid.Parse(line))).Order(StringComparer.Ordinal).ShouldBe(ours[1..]);
    }

    private static string Binary(Cid cid)
    {
        var bytes = new byte[Cid.MaxBinaryLength];
        return Convert.ToHexString(bytes, 0, cid.WriteTo(bytes));
    }

    private static string[] RunOracle(IReadOnlyList<SampleEntry> entries, [CallerFilePath] string here = "")
    {
        const string Python = "/usr/bin/python3";
        var start = new ProcessStartInfo(Python, [Path.Combine(Path.GetDirectoryName(here)!, "Oracle", "root_of_tree.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (!File.Exists(Python)) Assert.Skip("python3 is not installed");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        try
        {
            using var input = process.StandardInput;
            input.Write(JsonSerializer.Serialize(entries.Select(ToJson)));
        }
        catch (IOException)
        {
            // It ended without reading; why is in its errors.
        }
        process.WaitForExit();
        if (errors.Result.Contains("No module named 'msgpack'")) Assert.Skip("python3-msgpack is not installed");
        errors.Result.ShouldBeEmpty();
        return output.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static object ToJson(SampleEntry entry) => new
    {
        path = Hex(entry.Path),
        kind = entry.Kind.ToString(),
        permissions = entry.Attributes.Permissions,
        special = entry.Attributes.SpecialBits,
        uid = entry.Attributes.Uid,
        gid = entry.Attributes.Gid,
        mtime = entry.Attributes.MtimeSeconds,
        ns = entry.Attributes.MtimeNanoseconds,
        xattrs = entry.Attributes.Xattrs.Select(xattr => new[] { Convert.ToHexString(xattr.Name.Span), Convert.ToHexString(xattr.Value.Span) }),
        size = entry.Size,
        target = Hex(entry.Target),
    };

    private static string Hex(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));
}
