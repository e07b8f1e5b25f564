using System.Diagnostics;
using System.Globalization;

namespace SwarmFS.Fuse.TestHost;

/// <summary>Reads a directory's description from python3, which has lstat and the extended attributes at hand. Grammar of a line: nine fields, separated by tabs, paths in hex.</summary>
internal static class Snapshot
{
    private const string Script = """
        import os,sys
        def line(p,rel):
            s=os.lstat(p)
            t=os.readlink(p) if os.path.islink(p) else b''
            x={} if os.path.islink(p) else {n:os.getxattr(p,n) for n in os.listxattr(p)}
            xs=','.join(os.fsencode(n).hex()+'='+v.hex() for n,v in sorted(x.items()))
            print(rel.hex(),'%x'%s.st_mode,s.st_uid,s.st_gid,s.st_nlink,s.st_mtime_ns,s.st_ino,t.hex(),xs,sep='\t')
        root=os.fsencode(sys.argv[1])
        line(root,b'')
        for d,ds,fs in os.walk(root):
            for n in sorted(ds+fs):
                p=os.path.join(d,n)
                line(p,os.path.relpath(p,root))
        """;

    public static void Load(MemoryTree tree, MemoryNode root, string directory)
    {
        using var python = Process.Start(new ProcessStartInfo("python3", ["-c", Script, directory]) { RedirectStandardOutput = true })!;
        var directories = new Dictionary<string, MemoryNode> { [""] = root };
        var files = new Dictionary<string, MemoryNode>();
        while (python.StandardOutput.ReadLine() is { } line)
        {
            var fields = line.Split('\t');
            var path = Text(fields[0]);
            if (path.Length > 0) Add(tree, directories, files, directory, path, fields);
        }

        python.WaitForExit();
    }

    private static void Add(MemoryTree tree, Dictionary<string, MemoryNode> directories, Dictionary<string, MemoryNode> files, string top, string path, string[] fields)
    {
        var parent = directories[Path.GetDirectoryName(path) ?? ""];
        var name = Path.GetFileName(path);
        if (files.TryGetValue(fields[6], out var same))
        {
            MemoryTree.Link(parent, name, same);
            return;
        }

        var mode = uint.Parse(fields[1], NumberStyles.HexNumber);
        var mtime = long.Parse(fields[5]);
        var node = tree.Add(parent, name, number => new MemoryNode
        {
            Number = number,
            Mode = mode,
            Uid = uint.Parse(fields[2]),
            Gid = uint.Parse(fields[3]),
            Links = uint.Parse(fields[4]),
            MtimeSeconds = mtime / 1_000_000_000,
            MtimeNanoseconds = (uint)(mtime % 1_000_000_000),
            Content = (mode & 0xF000) switch
            {
                0x8000 => File.ReadAllBytes(Path.Join(top, path)),
                0xA000 => Convert.FromHexString(fields[7]),
                _ => [],
            },
        });
        foreach (var pair in fields[8].Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=');
            node.Xattrs[Text(parts[0])] = Convert.FromHexString(parts[1]);
        }

        if (node.IsDirectory) directories[path] = node;
        else files[fields[6]] = node;
    }

    private static string Text(string hex) => System.Text.Encoding.UTF8.GetString(Convert.FromHexString(hex));
}
