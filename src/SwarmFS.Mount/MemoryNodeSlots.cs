using System.Collections.Concurrent;
using SwarmFS.Core;

namespace SwarmFS.Mount;

/// <summary>Slots that last as long as the process: for tests and for mounts that need not outlive it.</summary>
public sealed class MemoryNodeSlots : INodeSlots
{
    private readonly ConcurrentDictionary<Cid, uint> _slots = new();
    private readonly ConcurrentDictionary<uint, Cid> _roots = new();
    private readonly Lock _adding = new();

    public bool TryGetSlot(Cid root, out uint slot) => _slots.TryGetValue(root, out slot);

    public uint GetOrAdd(Cid root)
    {
        if (_slots.TryGetValue(root, out var slot)) return slot;
        lock (_adding)
        {
            if (_slots.TryGetValue(root, out slot)) return slot;
            slot = (uint)_slots.Count + 1;
            if (slot > INodeSlots.MaxSlot) throw new InvalidOperationException($"All {INodeSlots.MaxSlot} inode slots are given; restart the mount.");
            _roots[slot] = root;
            _slots[root] = slot;
            return slot;
        }
    }

    public bool TryGetRoot(uint slot, out Cid root) => _roots.TryGetValue(slot, out root);
}
