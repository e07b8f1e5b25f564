namespace SwarmFS.Retrieval;

/// <summary>
/// Reads of one root that ran into their deadline a moment ago. A kernel whose read-ahead fails asks for the same pages once more by themselves before it tells the program; if that waited a
/// whole deadline again, a program would wait two. So a repeat gets a short one: long enough for a source that has come back, short enough not to be felt.
/// </summary>
internal sealed class FailedReads(TimeProvider time)
{
    /// <summary>What a repeat waits at most. A source that is there answers within a round trip.</summary>
    public static readonly TimeSpan RepeatDeadline = TimeSpan.FromMilliseconds(250);

    // The kernel repeats within microseconds; a program that tries again after a second means it.
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    // As many as there are pieces of 1 MiB in the largest kernel read-ahead that is set here, twice.
    private const int Remembered = 32;

    private readonly Lock _gate = new();
    private readonly Queue<(int Row, long Start, long End, long Until)> _failures = new(Remembered);

    /// <summary>True when a read that overlaps this one failed a moment ago.</summary>
    public bool Overlaps(int row, long offset, int length)
    {
        lock (_gate)
        {
            while (_failures.TryPeek(out var oldest) && time.HasPassed(oldest.Until)) _failures.Dequeue();
            foreach (var failure in _failures)
                if (failure.Row == row && offset < failure.End && offset + length > failure.Start) return true;
            return false;
        }
    }

    public void Add(int row, long offset, int length)
    {
        lock (_gate)
        {
            if (_failures.Count == Remembered) _failures.Dequeue();
            _failures.Enqueue((row, offset, offset + length, time.TimestampIn(Memory)));
        }
    }
}
