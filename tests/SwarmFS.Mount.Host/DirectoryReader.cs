using System.Runtime.InteropServices;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Mount.Host;

/// <summary>Makes a tree of a directory on disk. find(1) is the one that looks: it knows nothing of this project.</summary>
internal static partial class DirectoryReader
{
    private const string Format = @"%y\0%m\0%U\0%G\0%T@\0%D:%i\0%n\0%s\0%l\0%P\0";
    private const int Fields = 10;

    public static BuiltTree Read(string directory, IBlockStore store)
    {
        var builder = new TreeBuilder(store);
        var links = new Dictionary<string, string>();
        var fields = Find(directory);
        for (var i = 0; i + Fields <= fields.Length; i += Fields)
        {
            var path = fields[i + 9];
            var full = path.Length == 0 ? directory : directory + "/" + path;
            var attributes = Attributes(fields.AsSpan(i, Fields), full);
            switch (fields[i])
            {
                case "d":
                    builder.AddDirectory(Bytes(path), attributes);
                    break;
                case "l":
                    builder.AddSymlink(Bytes(path), attributes, Bytes(fields[i + 8]));
                    break;
                case "f" when fields[i + 6] != "1" && !links.TryAdd(fields[i + 5], path):
                    builder.AddHardLink(Bytes(path), Bytes(links[fields[i + 5]]));
                    break;
                case "f":
                    using (var content = File.OpenRead(full)) builder.AddFile(Bytes(path), attributes, content, content.Length);
                    break;
            }
        }
        return builder.Finish();
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string[] Find(string directory)
    {
        var start = new System.Diagnostics.ProcessStartInfo("find", [directory, "-printf", Format])
        {
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var find = System.Diagnostics.Process.Start(start)!;
        var output = find.StandardOutput.ReadToEnd();
        find.WaitForExit();
        return find.ExitCode == 0 ? output.Split('\0') : throw new InvalidOperationException($"find {directory} failed.");
    }

    private static EntryAttributes Attributes(ReadOnlySpan<string> fields, string path)
    {
        var mode = Convert.ToInt32(fields[1], 8);
        var time = fields[4].Split('.');
        return new EntryAttributes(
            (ushort)(mode & 0x1FF), (byte)(mode >> 9), uint.Parse(fields[2]), uint.Parse(fields[3]),
            long.Parse(time[0]), int.Parse(time[1].AsSpan(0, 9)), Xattrs(path));
    }

    private static List<Xattr> Xattrs(string path)
    {
        var names = new byte[4096];
        var length = llistxattr(path, names, names.Length);
        var xattrs = new List<Xattr>();
        foreach (var part in names.AsSpan(0, Math.Max(0, (int)length)).Split((byte)0))
        {
            var name = names[part];
            if (name.Length == 0) continue;
            var value = new byte[4096];
            var size = lgetxattr(path, [.. name, 0], value, value.Length);
            if (size >= 0) xattrs.Add(new Xattr(name, value.AsMemory(0, (int)size)));
        }
        return xattrs;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint llistxattr(string path, [Out] byte[] list, nint size);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint lgetxattr(string path, byte[] name, [Out] byte[] value, nint size);
}
