using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>What a tar entry is. The values are the type flags of POSIX pax.</summary>
internal enum TarKind : byte
{
    File = (byte)'0',
    HardLink = (byte)'1',
    Symlink = (byte)'2',
    CharacterDevice = (byte)'3',
    BlockDevice = (byte)'4',
    Directory = (byte)'5',
    Fifo = (byte)'6',
}

/// <summary>
/// One entry, with its extended headers applied. Names are the archive's bytes, not normalised and not checked: that is for whoever knows what they are for.
/// </summary>
internal sealed class TarEntry
{
    public required byte[] Name { get; init; }

    /// <summary>Target of a hard link or symlink; empty otherwise.</summary>
    public required byte[] LinkName { get; init; }

    public required TarKind Kind { get; init; }

    /// <summary>Bits 07777.</summary>
    public required int Mode { get; init; }

    public required uint Uid { get; init; }

    public required uint Gid { get; init; }

    public required long MtimeSeconds { get; init; }

    public required int MtimeNanoseconds { get; init; }

    public required long Size { get; init; }

    public required IReadOnlyList<Xattr> Xattrs { get; init; }

    /// <summary>The bytes of a file; valid until the next entry is read.</summary>
    public required Stream Content { get; init; }

    public string Shown => EscapedText.Of(Name);
}
