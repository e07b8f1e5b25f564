using System.Text;

namespace SwarmFS.Fuse.TestHost;

/// <summary>Files that are hard to serve.</summary>
internal static class SpecialTree
{
    public const int LargeDirectory = 5000;
    public const long BigFile = 64 << 20;

    public static void Build(MemoryTree tree, string? backing)
    {
        var root = tree.Root;
        tree.AddFile(root, "small", Encoding.UTF8.GetBytes("hello\n"));
        tree.AddPattern(root, "page", 8192);
        tree.AddPattern(root, "big", BigFile);
        tree.AddPattern(root, "gated", 4 << 20, Behaviour.Gated);
        tree.AddPattern(root, "gated2", 4096, Behaviour.Gated);
        tree.AddPattern(root, "throws", 4096, Behaviour.Throwing);
        tree.AddPattern(root, "parks-and-answers", 4096, Behaviour.ParkingAndAnswering);
        tree.AddPattern(root, "falsely-parked", 4096, Behaviour.FalselyParked);
        if (backing is not null) tree.AddBacked(root, "backed", backing);
        tree.AddFile(tree.AddDirectory(root, "far", Behaviour.Gated), "inside", Encoding.UTF8.GetBytes("far\n"));
        var large = tree.AddDirectory(root, "large");
        for (var i = 0; i < LargeDirectory; i++) tree.AddFile(large, $"file-{i:D5}", Encoding.UTF8.GetBytes($"{i}\n"));
    }
}
