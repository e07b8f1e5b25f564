namespace SwarmFS.Core;

/// <summary>st_mode as in inode(7).</summary>
public static class FileModes
{
    public const uint Directory = 0x4000;
    public const uint Regular = 0x8000;
    public const uint Symlink = 0xA000;

    /// <summary>Set-user-id, set-group-id and sticky stand three octal digits above the permissions.</summary>
    private const int SpecialShift = 9;

    /// <param name="applySpecialBits">Shows set-user-id, set-group-id and sticky as recorded.</param>
    public static uint Of(in TreeRow row, bool applySpecialBits)
    {
        var special = applySpecialBits ? (uint)row.SpecialBits << SpecialShift : 0;
        return row.Kind switch
        {
            EntryKind.Directory => Directory | special | row.Permissions,
            EntryKind.Symlink => Symlink | 0x1FF,
            _ => Regular | special | row.Permissions,
        };
    }

    /// <summary>Whether there is a file that not everybody may read, or a directory that not everybody may list and enter.</summary>
    public static bool AreForSome(TreeTable tree)
    {
        for (var row = 0; row < tree.Count; row++)
        {
            ref readonly var entry = ref tree[row];
            var open = entry.Kind switch { EntryKind.Directory => 0b101, EntryKind.Symlink => 0, _ => 0b100 };
            if ((entry.Permissions & open) != open) return true;
        }
        return false;
    }

    /// <summary>st_blocks of a file of this size on a filesystem with 4 KiB blocks, so that du(1) says what it says of a copy.</summary>
    public static ulong Blocks(long size) => (ulong)((size + 4095) / 4096) * 8;
}
