namespace SwarmFS.Core;

/// <summary>What an entry has besides its name and content; all of it is part of the root.</summary>
/// <param name="Permissions">Bits 0777.</param>
/// <param name="SpecialBits">Setuid 4, setgid 2, sticky 1.</param>
/// <param name="MtimeNanoseconds">0–999,999,999, counted forward from <paramref name="MtimeSeconds"/>, which may be negative.</param>
/// <param name="Xattrs">In any order; the node lists them by name.</param>
public sealed record EntryAttributes(
    ushort Permissions, byte SpecialBits, uint Uid, uint Gid, long MtimeSeconds, int MtimeNanoseconds, IReadOnlyList<Xattr> Xattrs);

/// <summary>What a finished build made.</summary>
/// <param name="Entries">Rows of the tree, the root included.</param>
/// <param name="Bytes">Sum of the sizes of its regular files, a hard-link group counted once.</param>
public sealed record BuiltTree(Cid Root, int Entries, long Bytes);

/// <summary>A tree that the formats do not allow, with the path and the reason. Nothing of the build is published.</summary>
public sealed class InvalidTreeException(string message) : Exception(message);
