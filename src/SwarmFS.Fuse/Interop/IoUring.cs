using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>
/// One io_uring with entries of 128 bytes (io_uring(7)): the two rings and the system calls, nothing of what is asked through them. One thread prepares and submits.
/// </summary>
internal sealed unsafe class IoUring : IDisposable
{
    private const int SetupCall = 425;
    private const int EnterCall = 426;
    private const uint WideEntries = 1 << 10;
    private const uint WaitForCompletions = 1;
    private const nint SubmissionEntriesOffset = 0x10000000;
    private const int EntryBytes = 128;

    private readonly int _descriptor;
    private readonly byte* _rings;
    private readonly nint _ringsLength;
    private readonly byte* _entries;
    private readonly nint _entriesLength;
    private readonly Parameters _parameters;
    private uint _unsubmitted;

    private IoUring(int descriptor, in Parameters parameters)
    {
        (_descriptor, _parameters) = (descriptor, parameters);
        _ringsLength = (nint)Math.Max(
            parameters.Submissions.Array + parameters.SubmissionCount * sizeof(uint), parameters.Completions.Entries + parameters.CompletionCount * (uint)sizeof(Completion));
        _entriesLength = (nint)parameters.SubmissionCount * EntryBytes;
        _rings = Map(_ringsLength, 0);
        _entries = Map(_entriesLength, SubmissionEntriesOffset);
    }

    /// <summary>Null where the kernel has none, or forbids it.</summary>
    /// <param name="count">Entries that can be prepared between two submissions; a power of two.</param>
    public static IoUring? TryOpen(uint count)
    {
        var parameters = new Parameters { Flags = WideEntries };
        var descriptor = (int)Libc.SystemCall(SetupCall, (nint)count, (nint)(&parameters), 0, 0, 0, 0);
        if (descriptor < 0) return null;
        try
        {
            return new IoUring(descriptor, parameters);
        }
        catch (IOException)
        {
            _ = Libc.Close(descriptor);
            return null;
        }
    }

    /// <summary>The next entry to fill, cleared; it goes out with the next <see cref="SubmitAndWait"/>.</summary>
    public SubmissionEntry* Prepare()
    {
        ref readonly var offsets = ref _parameters.Submissions;
        var tail = *(uint*)(_rings + offsets.Tail);
        var index = tail & *(uint*)(_rings + offsets.Mask);
        var entry = (SubmissionEntry*)(_entries + index * EntryBytes);
        NativeMemory.Clear(entry, EntryBytes);
        ((uint*)(_rings + offsets.Array))[index] = index;
        Volatile.Write(ref *(uint*)(_rings + offsets.Tail), tail + 1);
        _unsubmitted++;
        return entry;
    }

    /// <summary>Submits what was prepared and waits for one completion at least.</summary>
    /// <returns>0 or the errno.</returns>
    public Errno SubmitAndWait()
    {
        var submitted = Libc.SystemCall(EnterCall, _descriptor, (nint)_unsubmitted, 1, (nint)WaitForCompletions, 0, 0);
        if (submitted < 0) return Libc.LastError;
        _unsubmitted -= (uint)submitted;
        return 0;
    }

    public bool TryTake(out Completion completion)
    {
        ref readonly var offsets = ref _parameters.Completions;
        var head = *(uint*)(_rings + offsets.Head);
        completion = default;
        if (head == Volatile.Read(ref *(uint*)(_rings + offsets.Tail))) return false;
        completion = ((Completion*)(_rings + offsets.Entries))[head & *(uint*)(_rings + offsets.Mask)];
        Volatile.Write(ref *(uint*)(_rings + offsets.Head), head + 1);
        return true;
    }

    /// <summary>Takes back what is under way.</summary>
    public void Dispose()
    {
        _ = Libc.Unmap(_rings, _ringsLength);
        _ = Libc.Unmap(_entries, _entriesLength);
        _ = Libc.Close(_descriptor);
    }

    private byte* Map(nint length, nint offset)
    {
        var start = Libc.Map(null, length, Libc.MapReadWrite, Libc.MapShared, _descriptor, offset);
        return (nint)start != -1 ? (byte*)start : throw new IOException($"the rings could not be mapped ({Libc.LastError})");
    }

    /// <summary>struct io_uring_sqe with IORING_SETUP_SQE128, the fields in use.</summary>
    [StructLayout(LayoutKind.Explicit, Size = EntryBytes)]
    public struct SubmissionEntry
    {
        public const byte Read = 22;
        public const byte Command = 46;

        [FieldOffset(0)] public byte Operation;
        [FieldOffset(4)] public int Descriptor;
        [FieldOffset(8)] public ulong OffsetOrCommand;
        [FieldOffset(16)] public void* Address;
        [FieldOffset(24)] public uint Length;
        [FieldOffset(32)] public ulong UserData;
        [FieldOffset(48)] public ulong CommandFlags;
        [FieldOffset(56)] public ulong CommitId;
        [FieldOffset(64)] public ushort Queue;
    }

    /// <summary>struct io_uring_cqe.</summary>
    public struct Completion
    {
        public ulong UserData;
        public int Result;
        public uint Flags;
    }

    /// <summary>struct io_uring_params.</summary>
    private struct Parameters
    {
        public uint SubmissionCount;
        public uint CompletionCount;
        public uint Flags;
        public uint ThreadCpu;
        public uint ThreadIdle;
        public uint Features;
        public uint WorkQueue;
        public uint Reserved1;
        public uint Reserved2;
        public uint Reserved3;
        public SubmissionOffsets Submissions;
        public CompletionOffsets Completions;
    }

    /// <summary>struct io_sqring_offsets.</summary>
    private struct SubmissionOffsets
    {
        public uint Head;
        public uint Tail;
        public uint Mask;
        public uint Count;
        public uint Flags;
        public uint Dropped;
        public uint Array;
        public uint Reserved;
        public ulong UserAddress;
    }

    /// <summary>struct io_cqring_offsets.</summary>
    private struct CompletionOffsets
    {
        public uint Head;
        public uint Tail;
        public uint Mask;
        public uint Count;
        public uint Overflow;
        public uint Entries;
        public uint Flags;
        public uint Reserved;
        public ulong UserAddress;
    }
}
