namespace SwarmFS.Fuse;

/// <summary>
/// The directory that users meet as the mount's root, where it is not the connection's own. The kernel makes the inode of a connection's root before INIT and marks it for ever as one
/// whose ACL has to be asked for in each check of permissions (fuse_init_inode in fs/fuse/inode.c); whoever does not own it leaves the path walk without locks there, and
/// begins again with them. A directory that is looked up after INIT has no such mark. The handler knows nothing of it: for both of them it is node 1.
/// </summary>
internal static class ShownRoot
{
    /// <summary>Its name in the connection's root; mountinfo shows it.</summary>
    public const string Name = "tree";

    /// <summary>The root's number for the handler: FUSE_ROOT_ID.</summary>
    public const ulong Handler = 1;

    /// <summary>Its number for the kernel, which no handler uses.</summary>
    public const ulong Kernel = 1UL << 63;

    public static ulong ToHandler(ulong node) => node == Kernel ? Handler : node;
}
