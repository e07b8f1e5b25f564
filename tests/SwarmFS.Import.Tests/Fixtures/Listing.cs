using System.Text;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Import.Tests;

/// <summary>A tree as lines for comparison: one per entry, from the store and from a directory on disk.</summary>
internal static class Listing
{
    /// <summary>path, kind, mode, owner, time, links, size, link target or SHA-256.</summary>
    public static SortedSet<string> OfTree(TreeTable tree, MemoryBlockStore store, bool withOwner)
    {
        var lines = new SortedSet<string>(StringComparer.Ordinal);
        var paths = new string[tree.Count];
        for (var row = 0; row < tree.Count; row++)
        {
            ref readonly var entry = ref tree[row];
            paths[row] = row == 0 ? "." : paths[entry.Parent] + "/" + Encoding.Latin1.GetString(tree.Name(row));
            var mode = Convert.ToString((entry.SpecialBits << 9) | entry.Permissions, 8);
            var owner = withOwner ? $"{entry.Uid}:{entry.Gid}" : "";
            var kind = entry.Kind switch { EntryKind.File => "f", EntryKind.Directory => "d", _ => "l" };
            var detail = entry.Kind switch
            {
                EntryKind.File => $"{entry.LinkCount} {entry.Size} {HashOf(entry, store)}",
                EntryKind.Symlink => Encoding.Latin1.GetString(tree.SymlinkTarget(row)),
                _ => "",
            };
            lines.Add($"{paths[row]} {kind} {(kind == "l" ? "777" : mode)} {owner} {entry.MtimeSeconds}.{entry.MtimeNanoseconds:d9} {detail}");
        }
        return lines;
    }

    public static SortedSet<string> OfDirectory(string directory, bool withOwner)
    {
        const string Script = """
            cd "$1" && find . -printf '%p\0%y\0%m\0%U:%G\0%T@\0%n\0%s\0%l\0\n' > "$2" && find . -type f -print0 | xargs -0 -r sha256sum -z > "$3"
            """;
        var (entries, hashes) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            Tool.Run("sh", "-c", Script, "sh", directory, entries, hashes);
            var digest = File.ReadAllText(hashes, Encoding.Latin1).Split('\0', StringSplitOptions.RemoveEmptyEntries).ToDictionary(line => line[66..], line => line[..64]);
            var lines = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var line in File.ReadAllText(entries, Encoding.Latin1).Split("\0\n", StringSplitOptions.RemoveEmptyEntries))
            {
                var f = line.Split('\0');
                var time = f[4].Split('.');
                var detail = f[1] switch { "f" => $"{f[5]} {f[6]} {digest[f[0]]}", "l" => f[7], _ => "" };
                lines.Add($"{f[0]} {f[1]} {(f[1] == "l" ? "777" : f[2])} {(withOwner ? f[3] : "")} {time[0]}.{time[1][..9]} {detail}");
            }
            return lines;
        }
        finally
        {
            File.Delete(entries);
            File.Delete(hashes);
        }
    }

    private static string HashOf(TreeRow entry, MemoryBlockStore store)
    {
        if (entry.Content.Codec == CidCodec.Raw) return entry.Content.Digest.ToString();
        FileLayoutLoader.TryLoad(entry.Content, entry.Size, store, [], out var layout).ShouldBeTrue();
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        for (var chunk = 0; chunk < layout!.ChunkCount; chunk++)
        {
            store.TryGet(layout.ChunkCid(chunk), out var block).ShouldBeTrue();
            hash.AppendData(block!.Span);
            block.Dispose();
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
