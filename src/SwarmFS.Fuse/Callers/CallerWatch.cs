namespace SwarmFS.Fuse;

/// <summary>
/// Decides what an interrupt means. The kernel (request_wait_answer of fs/fuse/dev.c) sends one for the first signal of any kind, handled ones included, hands our EINTR to the
/// program as it is, and says nothing of a SIGKILL that comes later. So a caller that is about to end is let go at once; any other goes on waiting, as it would for a disk,
/// and is looked at again and again until it has its answer.
/// <code>
/// Idle -> [a caller with a harmless signal] -> Looking (one thread, every 100 ms) -> [all answered, end of the session] -> Idle
/// </code>
/// </summary>
/// <param name="isDying">Says of a thread id whether that thread ends when it is let go.</param>
internal sealed class CallerWatch(Func<uint, bool> isDying)
{
    // Somebody who was killed has gone within half a second; this leaves four fifths of it to a busy machine.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    // A look needs 16 KiB for the text; the rest is what the runtime wants.
    private const int StackBytes = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly HashSet<ParkedRequest> _watched = [];
    private readonly ManualResetEventSlim _ended = new();
    private bool _isLooking;

    /// <summary>Never more than there are parked requests; the answered ones leave with the next look.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _watched.Count;
        }
    }

    /// <summary>The caller of this parked request got a signal.</summary>
    public void Interrupted(ParkedRequest parked)
    {
        if (isDying(parked.Caller))
        {
            parked.LetGo();
            return;
        }

        lock (_lock)
        {
            _watched.Add(parked);
            if (_isLooking) return;
            _isLooking = true;
        }

        StartLooking();
    }

    /// <summary>The session is over, and its requests are abandoned.</summary>
    public void End()
    {
        _ended.Set();
        lock (_lock) _watched.Clear();
    }

    // A thread of its own, since a pool that is short of threads would keep the killed waiting. Where the system has no thread left, all of them are let go.
    private void StartLooking()
    {
        try
        {
            new Thread(Look, StackBytes) { IsBackground = true, Name = "fuse-callers" }.Start();
        }
        catch (OutOfMemoryException)
        {
            foreach (var parked in Waiting()) parked.LetGo();
            lock (_lock) _isLooking = false;
        }
    }

    private void Look()
    {
        while (!_ended.Wait(LookInterval) && Waiting() is { Length: > 0 } waiting)
        {
            foreach (var parked in waiting)
            {
                if (isDying(parked.Caller)) parked.LetGo();
            }
        }
    }

    // Whoever finds nothing to look at has said so under the lock, so that the next caller starts a new thread.
    private ParkedRequest[] Waiting()
    {
        lock (_lock)
        {
            _watched.RemoveWhere(static parked => parked.IsAnswered);
            _isLooking = _watched.Count > 0;
            return [.. _watched];
        }
    }
}
