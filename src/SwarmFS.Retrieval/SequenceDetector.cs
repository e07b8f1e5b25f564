namespace SwarmFS.Retrieval;

/// <summary>
/// Recognises readers that go forward, several at once, among reads that arrive slightly out of order. A position is a byte offset within a file (the key is the file's row) or
/// a row within a tree. What is read must cover a share of what is passed over, so that random reads that happen to fall near one another start nothing.
/// Not safe from several threads at once.
/// </summary>
/// <param name="slots">Readers told apart; the one not seen for longest gives way.</param>
/// <param name="tolerance">How far behind or before a reader a read still counts as its own.</param>
/// <param name="leap">How far before a reader it does where that was asked ahead for it; what lies between counts as read, since the mount may have shown it to the kernel.</param>
/// <param name="hits">Reads after which a reader counts as going forward.</param>
/// <param name="sparsest">At least one in so many positions passed over must have been read.</param>
/// <param name="firstWindow">Bytes.</param>
internal sealed class SequenceDetector(int slots, long tolerance, long leap, int hits, int sparsest, long firstWindow)
{
    private readonly SequentialReader[] _readers = new SequentialReader[slots];
    private long _clock;

    public Span<SequentialReader> Readers => _readers;

    /// <summary>Notes a read.</summary>
    /// <returns>True when something should be asked ahead: the reader's <see cref="SequentialReader.Wants"/> has just become true.</returns>
    public bool Note(int key, long position, long length)
    {
        ref var reader = ref Find(key, position);
        var end = position + length;
        if (reader.Hits == 0 || !Advance(ref reader, position, end))
        {
            reader = new SequentialReader
            {
                Id = ++_clock,
                Key = key,
                Start = position,
                Position = end,
                Covered = length,
                Hits = 1,
                Requested = end,
                Window = firstWindow,
                LastUse = _clock,
            };
            return false;
        }
        if (reader.Hits < hits || reader.Position < reader.Trigger || reader.Wants) return false;
        return reader.Wants = true;
    }

    /// <summary>
    /// Notes that somebody is likely to go forward from here: who begins exactly here needs only this one read to count as going forward. Only the last such place is remembered, and it takes
    /// no reader's place who goes forward already, however many places are noted.
    /// </summary>
    public void Expect(int key, long position)
    {
        var slot = -1;
        for (var i = 0; i < _readers.Length; i++)
        {
            ref readonly var known = ref _readers[i];
            if (known.Hits >= hits)
            {
                if (known.Key == key && Reaches(known, position)) return;
            }
            else if (slot < 0 || known.IsExpected || (!_readers[slot].IsExpected && known.LastUse < _readers[slot].LastUse))
            {
                slot = i;
            }
        }
        if (slot < 0) return;
        _readers[slot] = new SequentialReader
        {
            Id = ++_clock,
            Key = key,
            Start = position,
            Position = position,
            Hits = hits - 1,
            Requested = position,
            Window = firstWindow,
            LastUse = _clock,
            IsExpected = true,
        };
    }

    /// <summary>
    /// Notes that what lies here was shown to the kernel unasked. A reader for whom it was asked ahead has probably come this far, and will not say so. Nobody becomes a reader by it.
    /// </summary>
    /// <returns>As <see cref="Note"/>.</returns>
    public bool Follow(int key, long position)
    {
        var nearest = -1;
        for (var i = 0; i < _readers.Length; i++)
        {
            ref var candidate = ref _readers[i];
            if (candidate.Hits < hits || candidate.Key != key || position < candidate.Position || position >= candidate.Requested) continue;
            if (nearest < 0 || candidate.Position > _readers[nearest].Position) nearest = i;
        }
        if (nearest < 0) return false;
        ref var reader = ref _readers[nearest];
        reader.Covered += position + 1 - reader.Position;
        reader.Position = position + 1;
        reader.LastUse = ++_clock;
        if (reader.Position < reader.Trigger || reader.Wants) return false;
        return reader.Wants = true;
    }

    // False when the reader has skipped so much that it is no longer taken for one that goes forward.
    private bool Advance(ref SequentialReader reader, long position, long end)
    {
        if (reader.IsExpected && position != reader.Position) return false;
        reader.IsExpected = false;
        reader.LastUse = ++_clock;
        if (end == reader.Position) return true;
        reader.Hits++;
        if (position > reader.Position && position <= reader.Requested) reader.Covered += position - reader.Position;
        reader.Position = Math.Max(reader.Position, end);
        reader.Start = Math.Min(reader.Start, position);
        var span = reader.Position - reader.Start;
        reader.Covered = Math.Min(reader.Covered + end - position, span);
        return reader.Covered * sparsest >= span;
    }

    private bool Reaches(in SequentialReader reader, long position) =>
        Math.Abs(position - reader.Position) <= (position > reader.Position && position <= reader.Requested ? leap : tolerance);

    // The nearest reader of the key, or the slot to begin a new one in.
    private ref SequentialReader Find(int key, long position)
    {
        var (nearest, distance, oldest) = (-1, long.MaxValue, 0);
        for (var i = 0; i < _readers.Length; i++)
        {
            ref var reader = ref _readers[i];
            if (reader.LastUse < _readers[oldest].LastUse) oldest = i;
            if (reader.Hits == 0 || reader.Key != key) continue;
            var away = Math.Abs(position - reader.Position);
            if (Reaches(reader, position) && away < distance) (nearest, distance) = (i, away);
        }
        if (nearest >= 0) return ref _readers[nearest];
        _readers[oldest].Hits = 0;
        return ref _readers[oldest];
    }
}

/// <summary>One reader that may go forward.</summary>
internal struct SequentialReader
{
    /// <summary>Told apart from a later reader in the same slot.</summary>
    public long Id;

    public int Key;

    /// <summary>Where it began.</summary>
    public long Start;

    /// <summary>The end of what it has read.</summary>
    public long Position;

    /// <summary>Positions read, re-reads counted again but never above the span.</summary>
    public long Covered;

    /// <summary>Reads; zero in an unused slot.</summary>
    public int Hits;

    /// <summary>Everything before this was asked for.</summary>
    public long Requested;

    /// <summary>Where the next request ahead is due.</summary>
    public long Trigger;

    /// <summary>Bytes to be ahead of the reader; grows with each request.</summary>
    public long Window;

    /// <summary>A request ahead is due and not yet planned.</summary>
    public bool Wants;

    /// <summary>Nobody has read yet.</summary>
    public bool IsExpected;

    public long LastUse;
}
