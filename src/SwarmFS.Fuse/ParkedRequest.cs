using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>
/// A request that waits for something outside the process's memory. It is answered exactly once: by <see cref="Retry"/>, <see cref="Complete"/>, <see cref="Fail"/>, by the
/// end of its caller (EINTR), or not at all when the mount has gone. Calls that come too late do nothing.
/// <code>
/// Waiting -> [Retry] -> Running | [Complete, Fail, end of the caller, end of the session] -> Answered
/// Running -> [the handler answers] -> Answered | [it parks again] -> Waiting
/// </code>
/// </summary>
public sealed class ParkedRequest
{
    private const int Waiting = 0;
    private const int Running = 1;
    private const int Answered = 2;

    private readonly FuseDispatcher _dispatcher;
    private readonly byte[] _message;
    private readonly Lock _lock = new();
    private CancellationTokenSource? _cancellation;
    private int _state = Running;
    private int _retryAsked;
    private bool _isCancelled;

    internal ParkedRequest(FuseDispatcher dispatcher, ulong unique, ReadOnlySpan<byte> message)
    {
        _dispatcher = dispatcher;
        _message = message.ToArray();
        Unique = unique;
    }

    public ulong Unique { get; }

    /// <summary>
    /// Cancelled when the caller is about to end (killed, or ended by a signal that it neither handles nor blocks), and when the mount goes away. A signal that the caller
    /// survives cancels nothing: it gets its answer first, as from a disk.
    /// </summary>
    public CancellationToken Cancelled
    {
        get
        {
            lock (_lock)
            {
                if (_isCancelled && _cancellation is null) return new CancellationToken(canceled: true);
                return (_cancellation ??= new CancellationTokenSource()).Token;
            }
        }
    }

    internal ReadOnlySpan<byte> Message => _message;

    /// <summary>The id of the thread that waits, in this PID namespace; 0 for one outside of it.</summary>
    internal uint Caller => MemoryMarshal.Read<FuseInHeader>(_message).Pid;

    internal bool IsAnswered => Volatile.Read(ref _state) == Answered;

    /// <summary>
    /// Calls the handler again with the saved request, on the calling thread; the handler may park it again and then gets this same object. A call that comes while another thread
    /// is retrying makes that thread try once more, so no wake-up is lost.
    /// </summary>
    public void Retry()
    {
        Interlocked.Exchange(ref _retryAsked, 1);
        while (Volatile.Read(ref _retryAsked) == 1 && Interlocked.CompareExchange(ref _state, Running, Waiting) == Waiting)
        {
            Volatile.Write(ref _retryAsked, 0);
            _dispatcher.Retry(this);
        }
    }

    /// <summary>Answers a READ with its data.</summary>
    /// <exception cref="ArgumentException">More bytes than were asked for.</exception>
    public void Complete(ReadOnlySpan<byte> data)
    {
        FuseDispatcher.CheckAnswer(this, data.Length);
        if (TryAnswer()) _dispatcher.Send(Unique, 0, data);
    }

    public void Fail(Errno errno)
    {
        if (TryAnswer()) _dispatcher.Send(Unique, -(int)errno, default);
    }

    /// <summary>Gives the request out of the hands of the thread that was dispatching it.</summary>
    internal void Wait(bool interrupted)
    {
        Interlocked.Exchange(ref _state, Waiting);
        if (Volatile.Read(ref _isCancelled)) LetGo();
        else if (interrupted) _dispatcher.Interrupted(this);
    }

    /// <summary>The dispatching thread answers a request that has not been parked again.</summary>
    internal void AnsweredInTurn()
    {
        Volatile.Write(ref _state, Answered);
        _dispatcher.Forget(this);
    }

    /// <returns>True when the caller now owes the answer.</returns>
    internal bool TryAnswer()
    {
        if (Interlocked.CompareExchange(ref _state, Answered, Waiting) != Waiting) return false;
        _dispatcher.Forget(this);
        return true;
    }

    /// <summary>The caller is about to end and wants no answer any more: EINTR goes out at once, or, while a retry runs, as soon as it parks again.</summary>
    internal void LetGo()
    {
        var cancellation = Cancel();
        if (TryAnswer()) _dispatcher.Send(Unique, -(int)Errno.EINTR, default);
        Announce(cancellation);
    }

    /// <summary>The session is over: nobody is left to answer to.</summary>
    internal void Abandon()
    {
        var cancellation = Cancel();
        TryAnswer();
        Announce(cancellation);
    }

    private CancellationTokenSource? Cancel()
    {
        lock (_lock)
        {
            Volatile.Write(ref _isCancelled, true);
            return _cancellation;
        }
    }

    // Not on the calling thread, which is a reader: what hangs on the token may be slow.
    private static void Announce(CancellationTokenSource? cancellation) => _ = cancellation?.CancelAsync();
}
