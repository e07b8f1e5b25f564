using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Swarm.Tests;

internal static class TestTree
{
    private static readonly EntryAttributes Plain = new(0x1a4, 0, 0, 0, 1_700_000_000, 0, []);

    /// <summary>Files of a few KiB in directories of fifty, one of them of 3 MiB.</summary>
    public static BuiltTree Build(IBlockStore store, int files, int seed = 5)
    {
        var random = new Random(seed);
        var builder = new TreeBuilder(store);
        for (var i = 0; i < files; i++)
        {
            var bytes = new byte[i == 0 ? 3 << 20 : random.Next(1, 6000)];
            random.NextBytes(bytes);
            builder.AddFile(Encoding.ASCII.GetBytes($"usr/share/d{i / 50}/f{i}"), Plain, new MemoryStream(bytes), bytes.Length);
        }
        return builder.Finish();
    }
}
