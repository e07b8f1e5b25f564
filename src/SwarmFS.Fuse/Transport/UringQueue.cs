using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>
/// The requests of one processor's programs, served by a thread that stays on it: no wake-up crosses from one processor to another. Answers made elsewhere come to this thread, because an
/// entry belongs to the thread that committed it last.
/// </summary>
internal sealed unsafe class UringQueue : IDisposable
{
    /// <summary>Requests that may wait for something at once; while all do, this processor's programs wait for the first of them.</summary>
    public const int Depth = 64;

    // FUSE_IO_URING_CMD_REGISTER and FUSE_IO_URING_CMD_COMMIT_AND_FETCH of linux/fuse.h.
    private const uint Register = 1;
    private const uint CommitAndFetch = 2;

    private const ulong WakeUp = ulong.MaxValue;
    private const uint RingEntries = 2 * Depth;
    private const int ReaderStackBytes = 512 * 1024;

    private readonly ushort _number;
    private readonly IoUring _ring;
    private readonly ThreadSignal _signal;
    private readonly ulong* _signalled = (ulong*)NativeMemory.AllocZeroed(sizeof(ulong));
    private readonly Queue<UringEntry> _answered = new(Depth);

    // Answers from other threads, and the end, one at a time: after the end nothing of this is there any more.
    private readonly Lock _gate = new();
    private bool _isOver;
    private UringEntry[] _entries = [];
    private UringEntry? _inHand;
    private bool _isInHandAnswered;
    private FuseDispatcher? _dispatcher;
    private Action<Errno>? _failed;
    private Thread? _thread;
    private int _device;
    private volatile bool _isStopping;

    private UringQueue(ushort number, IoUring ring, ThreadSignal signal) => (_number, _ring, _signal) = (number, ring, signal);

    /// <summary>Null where the kernel does not let us.</summary>
    public static UringQueue? TryOpen(int number)
    {
        if (ThreadSignal.TryOpen() is not { } signal) return null;
        if (IoUring.TryOpen(RingEntries) is { } ring) return new UringQueue((ushort)number, ring, signal);
        signal.Dispose();
        return null;
    }

    /// <param name="failed">Called when the ring fails while the connection lives: nothing more is answered from here.</param>
    public void Start(int device, FuseDispatcher dispatcher, Action<Errno> failed)
    {
        (_device, _dispatcher, _failed) = (device, dispatcher, failed);
        _entries = [.. Enumerable.Range(0, Depth).Select(index => new UringEntry(index, dispatcher.NewContext()))];
        _thread = new Thread(Run, ReaderStackBytes) { IsBackground = true, Name = $"fuse-ring-{_number}" };
        _thread.Start();
    }

    /// <summary>Answers the request that this queue's thread is at. It goes back with the next submission.</summary>
    /// <returns>False when the caller is another thread, or at another request.</returns>
    public bool TryAnswerInHand(in FuseOutHeader header, ReadOnlySpan<byte> payload) =>
        Thread.CurrentThread == _thread && _inHand is { } entry && entry.Unique == header.Unique && (_isInHandAnswered = entry.TryAnswer(header, payload));

    /// <summary>Answers a request that was parked, and wakes the queue's thread for it.</summary>
    /// <returns>False when the request did not come through this queue, or the queue is over.</returns>
    public bool TryAnswerParked(in FuseOutHeader header, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            if (_isOver) return false;
            foreach (var entry in _entries)
            {
                if (entry.Unique != header.Unique || !entry.TryAnswer(header, payload)) continue;
                _answered.Enqueue(entry);
                _signal.Set();
                return true;
            }
        }
        return false;
    }

    [SuppressMessage("Design", "CA1031", Justification = "a thread's outermost frame: the dispatcher has already answered and logged what it can")]
    private void Run()
    {
        try
        {
            if (Serve() is not 0 and var errno) _failed!(errno);
        }
        catch (Exception)
        {
            _failed!(Errno.EIO);
        }
    }

    /// <returns>0 at the end of the connection, or why the ring cannot be used.</returns>
    private Errno Serve()
    {
        Libc.StayOn(_number);
        ReaderScheduling.AskForShortSlices();
        foreach (var entry in _entries) Command(entry, Register);
        ListenForSignals();
        for (var left = _entries.Length; left > 0 && !_isStopping;)
        {
            if (_ring.SubmitAndWait() is not (0 or Errno.EINTR or Errno.EAGAIN or Errno.EBUSY) and var errno) return errno;
            while (_ring.TryTake(out var completion))
            {
                if (completion.UserData == WakeUp) CommitAnswered();
                else if (completion.Result >= 0) Serve(_entries[completion.UserData]);
                else if (IsEnd((Errno)(-completion.Result))) left--;
                else return (Errno)(-completion.Result);
            }
        }
        return 0;
    }

    // What becomes of an entry when the mount goes away, or this ring.
    private static bool IsEnd(Errno errno) => errno is Errno.ENOTCONN or Errno.ECONNABORTED or Errno.ENODEV or Errno.ECANCELED;

    private void Serve(UringEntry entry)
    {
        (_inHand, _isInHandAnswered) = (entry, false);
        var length = entry.Take();
        if (length > 0) _dispatcher!.Dispatch(entry.Context, length);
        else TryAnswerInHand(new FuseOutHeader { Len = (uint)sizeof(FuseOutHeader), Error = -(int)Errno.EIO, Unique = entry.Unique }, default);
        _inHand = null;
        if (_isInHandAnswered) Command(entry, CommitAndFetch);
    }

    private void CommitAnswered()
    {
        lock (_gate)
        {
            while (_answered.TryDequeue(out var entry)) Command(entry, CommitAndFetch);
        }
        ListenForSignals();
    }

    private void Command(UringEntry entry, uint command)
    {
        var submission = _ring.Prepare();
        submission->Operation = IoUring.SubmissionEntry.Command;
        submission->Descriptor = _device;
        submission->OffsetOrCommand = command;
        submission->UserData = (ulong)entry.Index;
        submission->Queue = _number;
        if (command == CommitAndFetch)
        {
            submission->CommitId = entry.CommitId;
            return;
        }
        submission->Address = entry.Vectors;
        submission->Length = 2;
    }

    private void ListenForSignals()
    {
        var submission = _ring.Prepare();
        submission->Operation = IoUring.SubmissionEntry.Read;
        submission->Descriptor = _signal.Descriptor;
        submission->Address = _signalled;
        submission->Length = sizeof(ulong);
        submission->UserData = WakeUp;
    }

    /// <summary>Ends the thread and frees what the kernel wrote into.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _signal.Set();
        _thread?.Join();
        lock (_gate)
        {
            _isOver = true;
            _ring.Dispose();
            _signal.Dispose();
            NativeMemory.Free(_signalled);
            foreach (var entry in _entries)
            {
                entry.Dispose();
                _dispatcher!.Drop(entry.Context);
            }
        }
    }
}
