namespace SwarmFS.Core;

/// <summary>
/// What a node is: the value of key 0, by which every node begins. The grammar of all nodes:
/// <code>
/// node       := tree | leaf | index | file          (a canonical MessagePack map, integer keys ascending, at most 1 MiB)
/// tree       := { 0: 1, 1: version (1), 2: attributes of the root directory, 3: its directory's digest, 4: rows, 5: bytes }
/// leaf       := { 0: 2, 1: base mtime s, 2: [entry …] }                    0–1,024 entries, names strictly ascending by their bytes
/// index      := { 0: 3, 1: level (1–4), 2: [[first name, digest, rows] …] }   level 1 lists leaves, level n lists indexes of level n − 1
/// file       := { 0: 4, 1: level (0–4), 2: size, 3: digests, 4: [size of each] }   level 0 lists raw chunks, level n file nodes of level n − 1
/// entry      := { 0: name, 1: kind (file 0, directory 1, symlink 2), attributes, 9: size, 10: digest of its only block, 11: digest of its node,
///                 12: target, 13: descendants, 14: hard-link group }
/// attributes := { 2: permissions, 3: special bits, 4: uid, 5: gid, 6: mtime s, 7: mtime ns, 8: [name, value, …] extended attributes by name }
/// </code>
/// A field that has its default is absent, never written out: 0 for every number, but for permissions 0644 for a file, 0755 for a directory and 0777 for
/// a symlink. An entry's mtime is written as the difference to its leaf's base, which is that of the leaf's first entry (modulo 2^64).
/// <c>digests</c> is the 32-byte SHA-256 digests one behind the other. FORMAT.md says it at length.
/// </summary>
internal enum NodeKind
{
    Tree = 1,
    DirectoryLeaf = 2,
    DirectoryIndex = 3,
    File = 4,
}

/// <summary>The keys of the grammar above.</summary>
internal static class NodeKey
{
    public const int Kind = 0;

    public const int TreeVersion = 1;
    public const int TreeAttributes = 2;
    public const int TreeDirectory = 3;
    public const int TreeRows = 4;
    public const int TreeBytes = 5;

    public const int LeafBaseMtime = 1;
    public const int LeafEntries = 2;

    public const int IndexLevel = 1;
    public const int IndexChildren = 2;

    public const int FileLevel = 1;
    public const int FileSize = 2;
    public const int FileDigests = 3;
    public const int FileSizes = 4;

    public const int Name = 0;
    public const int EntryKind = 1;
    public const int Permissions = 2;
    public const int SpecialBits = 3;
    public const int Uid = 4;
    public const int Gid = 5;
    public const int MtimeSeconds = 6;
    public const int MtimeNanoseconds = 7;
    public const int Xattrs = 8;
    public const int Size = 9;
    public const int Block = 10;
    public const int Node = 11;
    public const int Target = 12;
    public const int Descendants = 13;
    public const int LinkGroup = 14;
}
