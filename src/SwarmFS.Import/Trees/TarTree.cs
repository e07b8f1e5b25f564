using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// Puts the entries of a tar archive into a tree. Files, directories, symlinks and hard links to entries before them are all that a package may hold; the builder
/// refuses paths that are absolute, climb out, stand twice or lead through anything but a directory. Nothing of this machine enters: no clock, no user names, no mask.
/// </summary>
internal static class TarTree
{
    /// <exception cref="ArchiveFormatException">An entry is of a kind that packages may not hold.</exception>
    /// <exception cref="InvalidTreeException">The entries are no tree.</exception>
    public static void AddAll(TarReader archive, TreeBuilder tree)
    {
        var directories = new Dictionary<string, EntryAttributes>();
        while (archive.Next() is { } entry) Add(entry, tree, directories);
    }

    private static void Add(TarEntry entry, TreeBuilder tree, Dictionary<string, EntryAttributes> directories)
    {
        if (entry.Name.Length == 0) throw new ArchiveFormatException("an entry has no name");
        switch (entry.Kind)
        {
            case TarKind.File:
                if (entry.Name[^1] == '/') throw new ArchiveFormatException($"the file '{entry.Shown}' has a directory's name");
                tree.AddFile(entry.Name, Attributes(entry), entry.Content, entry.Size);
                break;
            case TarKind.Directory:
                AddDirectory(entry, tree, directories);
                break;
            case TarKind.Symlink:
                tree.AddSymlink(entry.Name, Attributes(entry), entry.LinkName);
                break;
            case TarKind.HardLink:
                tree.AddHardLink(entry.Name, entry.LinkName);
                break;
            case TarKind.CharacterDevice or TarKind.BlockDevice:
                throw new ArchiveFormatException($"'{entry.Shown}' is a device node, which packages here may not hold");
            default:
                throw new ArchiveFormatException($"'{entry.Shown}' is a FIFO, which packages here may not hold");
        }
    }

    /// <summary>Some packagers list a directory again before each of its files. The same again says nothing new; something else would make the order count.</summary>
    private static void AddDirectory(TarEntry entry, TreeBuilder tree, Dictionary<string, EntryAttributes> directories)
    {
        var attributes = Attributes(entry);
        var key = System.Text.Encoding.Latin1.GetString(entry.Name).TrimEnd('/');
        if (!directories.TryGetValue(key, out var before))
        {
            tree.AddDirectory(entry.Name, attributes);
            directories.Add(key, attributes);
        }
        else if (before with { Xattrs = [] } != attributes with { Xattrs = [] } || before.Xattrs.Count + attributes.Xattrs.Count > 0)
        {
            throw new ArchiveFormatException($"the directory '{entry.Shown}' stands twice with different attributes");
        }
    }

    private static EntryAttributes Attributes(TarEntry entry) => new(
        (ushort)(entry.Mode & 0x1ff), (byte)(entry.Mode >> 9), entry.Uid, entry.Gid, entry.MtimeSeconds, entry.MtimeNanoseconds, entry.Xattrs);
}
