using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Testing;

/// <summary>One entry of a sample: what a builder is told. <paramref name="Kind"/> is f, d, l or h (a hard link to <paramref name="Target"/>).</summary>
/// <param name="Size">Of a file, which holds <see cref="SampleTree.Content"/>.</param>
public sealed record SampleEntry(string Path, char Kind, EntryAttributes Attributes, int Size = 0, string Target = "");

/// <summary>Trees for tests: small ones with everything in them, and random ones from a seed.</summary>
public static class SampleTree
{
    public static readonly EntryAttributes FileAttributes = new(0b110_100_100, 0, 0, 0, 1_700_000_000, 0, []);

    public static readonly EntryAttributes DirectoryAttributes = FileAttributes with { Permissions = 0b111_101_101 };

    /// <summary>The bytes of every sample file of this size: SHA-256 of 0, 1, 2, … as four little-endian bytes each, one behind the other.</summary>
    public static byte[] Content(int size)
    {
        var bytes = new byte[(size + 31) / 32 * 32];
        for (var i = 0; i < bytes.Length / 32; i++) System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(i), bytes.AsSpan(32 * i));
        return bytes[..size];
    }

    /// <summary>A tree with every kind of entry and every attribute.</summary>
    public static IReadOnlyList<SampleEntry> Everything { get; } =
    [
        new("", 'd', DirectoryAttributes),
        new("usr/bin/tool", 'f', FileAttributes with { Permissions = 0b111_101_101, SpecialBits = 4 }, 70_000),
        new("usr/bin/tool-2", 'h', FileAttributes, Target: "usr/bin/tool"),
        new("usr/bin/alias", 'l', FileAttributes with { Permissions = 0b111_111_111, MtimeSeconds = 0 }, Target: "../bin/tool"),
        new("usr/bin/ping", 'f', FileAttributes with { Xattrs = [new("user.x"u8.ToArray(), default), new("security.capability"u8.ToArray(), new byte[] { 1, 0, 0, 2, 0, 0x20 })] }, 10),
        new("usr/share/big", 'f', FileAttributes with { MtimeNanoseconds = 123_456_789 }, 1_500_000),
        new("usr/share/empty", 'f', FileAttributes with { MtimeSeconds = -1, Uid = 33, Gid = 70_000 }),
        new("usr/share", 'd', DirectoryAttributes with { SpecialBits = 2, Gid = 50 }),
        new("var/tmp", 'd', DirectoryAttributes with { Permissions = 0b111_111_111, SpecialBits = 1 }),
        new("another-link", 'h', FileAttributes, Target: "usr/bin/tool"),
        new("größe/\u0001", 'f', FileAttributes, 1),
    ];

    /// <summary>Up to 60 entries in a few directories, with repeated contents, odd names and hard links. Hard links follow their targets.</summary>
    public static IReadOnlyList<SampleEntry> Random(int seed)
    {
        var random = new Random(seed);
        var entries = new Dictionary<string, SampleEntry>(StringComparer.Ordinal);
        var files = new List<string>();
        for (var i = random.Next(60); i > 0; i--)
        {
            var directory = string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => $"d{random.Next(3)}/"));
            var path = $"{directory}{(char)('!' + random.Next(14))}{random.Next(20)}";
            var attributes = new EntryAttributes(
                (ushort)random.Next(512), (byte)random.Next(8), (uint)random.Next(3), (uint)random.Next(3), random.Next(3) - 1, random.Next(2) * random.Next(1_000_000_000),
                random.Next(5) == 0 ? [new Xattr(Encoding.UTF8.GetBytes($"user.{random.Next(9)}"), new byte[random.Next(20)])] : []);
            var entry = random.Next(5) switch
            {
                0 => new SampleEntry(path, 'l', attributes, Target: $"t{random.Next(100)}"),
                1 when files.Count > 0 => new SampleEntry(path, 'h', attributes, Target: files[random.Next(files.Count)]),
                2 => new SampleEntry(path, 'd', attributes),
                _ => new SampleEntry(path, 'f', attributes, random.Next(20) == 0 ? 400_000 : random.Next(300)),
            };
            if (!entries.TryAdd(path, entry)) continue;
            if (entry.Kind == 'f') files.Add(path);
        }
        return [.. entries.Values];
    }

    public static BuiltTree Build(IBlockStore store, IEnumerable<SampleEntry> entries)
    {
        var builder = new TreeBuilder(store);
        foreach (var entry in entries) Add(builder, entry);
        return builder.Finish();
    }

    public static void Add(TreeBuilder builder, SampleEntry entry)
    {
        var path = Encoding.UTF8.GetBytes(entry.Path);
        switch (entry.Kind)
        {
            case 'f':
                builder.AddFile(path, entry.Attributes, new MemoryStream(Content(entry.Size)), entry.Size);
                break;
            case 'd':
                builder.AddDirectory(path, entry.Attributes);
                break;
            case 'l':
                builder.AddSymlink(path, entry.Attributes, Encoding.UTF8.GetBytes(entry.Target));
                break;
            default:
                builder.AddHardLink(path, Encoding.UTF8.GetBytes(entry.Target));
                break;
        }
    }
}
