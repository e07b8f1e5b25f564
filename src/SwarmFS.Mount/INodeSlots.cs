using SwarmFS.Core;

namespace SwarmFS.Mount;

/// <summary>
/// Numbers for package roots, given once and for ever, so that inode numbers mean the same after a restart. Slots count from 1 up to <see cref="MaxSlot"/>; one that
/// was given is never given to another root. Safe from any thread; <see cref="TryGetRoot"/> and <see cref="TryGetSlot"/> do not wait and allocate nothing.
/// </summary>
public interface INodeSlots
{
    /// <summary>The largest slot: an inode number has 24 bits for it.</summary>
    const uint MaxSlot = (1 << 24) - 1;

    bool TryGetSlot(Cid root, out uint slot);

    /// <summary>The root's slot, given now if it had none.</summary>
    /// <exception cref="InvalidOperationException">All slots are given.</exception>
    uint GetOrAdd(Cid root);

    bool TryGetRoot(uint slot, out Cid root);
}
