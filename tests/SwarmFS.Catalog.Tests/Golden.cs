using System.Runtime.CompilerServices;

namespace SwarmFS.Catalog.Tests;

/// <summary>
/// Frozen files below tests/golden/catalog. To write them anew after a deliberate change of the format, run the tests with SWARMFS_WRITE_GOLDEN=1 and
/// say in the commit what changed for whom.
/// </summary>
internal static class Golden
{
    public static string Path(string name, [CallerFilePath] string here = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", "golden", "catalog", name));

    public static bool IsWriting => Environment.GetEnvironmentVariable("SWARMFS_WRITE_GOLDEN") == "1";

    /// <summary>Compares with the frozen file, line by line of 64 hexadecimal digits.</summary>
    public static void Check(string name, ReadOnlySpan<byte> bytes)
    {
        var hex = string.Concat(Convert.ToHexStringLower(bytes).Chunk(64).Select(line => new string(line) + "\n"));
        if (IsWriting) File.WriteAllText(Path(name), hex);
        hex.ShouldBe(File.ReadAllText(Path(name)));
    }
}
