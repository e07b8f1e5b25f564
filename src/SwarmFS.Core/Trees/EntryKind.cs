namespace SwarmFS.Core;

/// <summary>What a directory entry is; nothing else enters a tree.</summary>
public enum EntryKind : byte
{
    File = 0,
    Directory = 1,
    Symlink = 2,
}
