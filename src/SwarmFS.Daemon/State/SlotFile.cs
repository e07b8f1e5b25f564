using System.Buffers.Binary;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Mount;

namespace SwarmFS.Daemon.State;

/// <summary>
/// Inode slots that outlive the process, so that an inode number means the same file after a restart: <c>record := u32 slot (little-endian), CID</c>, appended when a slot
/// is given. When the disk is full a slot is given in memory alone: a mount that cannot be looked at is worse than a number that changes at the next start.
/// </summary>
internal sealed class SlotFile : INodeSlots
{
    private const int PrefixLength = sizeof(uint);

    private readonly IJournal _journal;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<Cid, uint> _slots = new();
    private readonly ConcurrentDictionary<uint, Cid> _roots = new();
    private readonly Lock _adding = new();
    private uint _last;

    public SlotFile(IJournal journal, ILogger log)
    {
        _journal = journal;
        _log = log;
        foreach (var record in journal.ReadAll()) Take(record.Span);
    }

    public bool TryGetSlot(Cid root, out uint slot) => _slots.TryGetValue(root, out slot);

    public bool TryGetRoot(uint slot, out Cid root) => _roots.TryGetValue(slot, out root);

    public uint GetOrAdd(Cid root)
    {
        if (_slots.TryGetValue(root, out var slot)) return slot;
        lock (_adding)
        {
            if (_slots.TryGetValue(root, out slot)) return slot;
            if (_last == INodeSlots.MaxSlot)
                throw new InvalidOperationException($"All {INodeSlots.MaxSlot} inode slots are given. Stop the node, delete its file inodes.log, and start it again.");
            slot = ++_last;
            Keep(slot, root);
            _roots[slot] = root;
            _slots[root] = slot;
            return slot;
        }
    }

    private void Keep(uint slot, Cid root)
    {
        Span<byte> record = stackalloc byte[PrefixLength + Cid.MaxBinaryLength];
        BinaryPrimitives.WriteUInt32LittleEndian(record, slot);
        var length = PrefixLength + root.WriteTo(record[PrefixLength..]);
        try
        {
            _journal.Append(record[..length], durable: false);
        }
        catch (IOException e)
        {
            _log.SlotNotKept(root.ToShortString(), e.Message);
        }
    }

    // What does not parse, and a slot given twice, is skipped: the first word stands.
    private void Take(ReadOnlySpan<byte> record)
    {
        if (record.Length <= PrefixLength) return;
        var slot = BinaryPrimitives.ReadUInt32LittleEndian(record);
        if (slot is 0 or > INodeSlots.MaxSlot || !Cid.TryRead(record[PrefixLength..], out var root, out _)) return;
        if (!_roots.TryAdd(slot, root)) return;
        _slots.TryAdd(root, slot);
        _last = Math.Max(_last, slot);
    }
}
