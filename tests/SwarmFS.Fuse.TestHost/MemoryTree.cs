using System.Text;

namespace SwarmFS.Fuse.TestHost;

/// <summary>A tree in memory: read from a directory, or built of special files. Node numbers are places in the list; 1 is the root.</summary>
internal sealed class MemoryTree
{
    private const uint DirectoryMode = 0x4000 | 0x1ED;
    private const uint FileMode = 0x8000 | 0x1A4;

    private readonly List<MemoryNode> _nodes = [new() { Number = 0, Mode = 0 }];

    public MemoryTree() => Root = New(new MemoryNode { Number = 1, Mode = DirectoryMode, Links = 2 });

    public MemoryNode Root { get; }

    public MemoryNode? Find(ulong number) => number > 0 && number < (ulong)_nodes.Count ? _nodes[(int)number] : null;

    public MemoryNode AddFile(MemoryNode parent, string name, byte[] content, Behaviour behaviour = Behaviour.Plain) =>
        Link(parent, name, New(new MemoryNode { Number = Next, Mode = FileMode, Content = content, Behaviour = behaviour }));

    public MemoryNode AddPattern(MemoryNode parent, string name, long length, Behaviour behaviour = Behaviour.Plain) =>
        Link(parent, name, New(new MemoryNode { Number = Next, Mode = FileMode, PatternLength = length, Behaviour = behaviour }));

    public MemoryNode AddBacked(MemoryNode parent, string name, string path) =>
        Link(parent, name, New(new MemoryNode { Number = Next, Mode = FileMode, BackingPath = path, Content = File.ReadAllBytes(path) }));

    public MemoryNode AddDirectory(MemoryNode parent, string name, Behaviour behaviour = Behaviour.Plain)
    {
        parent.Links++;
        return Link(parent, name, New(new MemoryNode { Number = Next, Mode = DirectoryMode, Links = 2, Behaviour = behaviour }));
    }

    public static void Remove(MemoryNode parent, string name)
    {
        parent.ByName.Remove(name);
        parent.Children.RemoveAll(child => Encoding.UTF8.GetString(child.Name) == name);
    }

    /// <summary>Takes a directory in whole, with modes, times, links and user attributes as stat and getfattr show them.</summary>
    public void Load(string directory) => Snapshot.Load(this, Root, directory);

    public MemoryNode Add(MemoryNode parent, string name, Func<ulong, MemoryNode> make) => Link(parent, name, New(make(Next)));

    public static MemoryNode Link(MemoryNode parent, string name, MemoryNode node)
    {
        node.Parent = parent.Number;
        parent.ByName[name] = node;
        parent.Children.Add((Encoding.UTF8.GetBytes(name), node));
        return node;
    }

    private ulong Next => (ulong)_nodes.Count;

    private MemoryNode New(MemoryNode node)
    {
        _nodes.Add(node);
        return node;
    }
}
