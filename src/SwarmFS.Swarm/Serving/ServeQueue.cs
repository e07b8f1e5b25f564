using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>
/// What one peer is owed. Fills the connection's output buffer with block frames, the most urgent request first, reading from the store straight into the buffer; nothing is read before
/// there is room to send it. Of one urgency, requests that somebody waits for take turns, so that a small one does not stand behind a large one. What is asked ahead goes out in the order in
/// which it was asked, because that is the order in which it will be read; there the roots take turns. Trees of one root go out one after another as well: a walk has the whole tree in mind.
/// </summary>
internal sealed class ServeQueue(IBlockStore store, TimeProvider time)
{
    private const int FrameOverhead = FrameHeader.Length + BlockPrefix.Length;

    /// <summary>So much of a tree is sent at a time: to find the next nodes takes longer than to send them, and the asker checks these meanwhile.</summary>
    private const int TreeBatchBytes = 64 << 10;

    /// <summary>The last blocks sent that are doubted when the peer says that it was told something wrong: more than are on the way to it, but for very small ones on a very long line.</summary>
    private const int Remembered = 1024;

    private readonly Lock _gate = new();
    private Cid[] _sent = [];
    private long _sentCount;
    private readonly LinkedList<Line>[] _lines = [[], [], [], []];

    /// <summary>END and DONT_HAVE frames that wait for room behind the blocks before them.</summary>
    private readonly FrameBuffer _notes = new();
    private int _count;

    /// <summary>Requests that are answered one after another. Never empty.</summary>
    private sealed class Line(Cid root)
    {
        public Cid Root { get; } = root;

        public List<ServeJob> Jobs { get; } = [];
    }

    public bool HasWork
    {
        get
        {
            lock (_gate) return _count > 0 || _notes.Length > 0;
        }
    }

    /// <returns>False when the bound of requests in progress is reached.</returns>
    public bool TryAdd(ServeJob job)
    {
        lock (_gate)
        {
            if (_count >= WireLimits.RequestsInProgress) return false;
            if (job is TreeServeJob && Jobs.Count(known => known is TreeServeJob) >= WireLimits.TreesInProgress) return false;
            _count++;
            LineFor(job).Jobs.Add(job);
            return true;
        }
    }

    private IEnumerable<ServeJob> Jobs => _lines.SelectMany(lines => lines).SelectMany(line => line.Jobs);

    private Line LineFor(ServeJob job)
    {
        var lines = _lines[(int)job.Priority];
        var isAhead = job.Priority > FetchPriority.Demand;
        if (isAhead || job is TreeServeJob)
        {
            foreach (var known in lines)
                if (known.Root == job.Root && (isAhead || known.Jobs[0] is TreeServeJob)) return known;
        }
        var line = new Line(job.Root);
        lines.AddLast(line);
        return line;
    }

    public void Cancel(uint requestId, ushort[] indices)
    {
        lock (_gate)
        {
            foreach (var job in Jobs)
                if (job.RequestId == requestId) job.Cancel(indices);
        }
    }

    /// <summary>Appends frames (notes, then blocks, then notes) to <paramref name="buffer"/> from <paramref name="at"/> on until <paramref name="enough"/> bytes are there or nothing is left to send.</summary>
    /// <param name="buffer">Rented from the pool of blocks; replaced by a larger one when a single frame needs it.</param>
    public Filled Fill(ref byte[] buffer, int at, int enough)
    {
        var filled = new Filled { Length = at };
        lock (_gate)
        {
            if (!TryAppendNotes(ref buffer, ref filled)) return filled;
            filled.BlocksAt = filled.Length;
            while (filled.Length + _notes.Length < enough && Next() is { } node)
            {
                var job = node.Value.Jobs[0];
                if (job is TreeServeJob && filled.Length >= TreeBatchBytes) break;
                if (job.Deadline <= time.GetTimestamp()) job.Cancel([]);
                if (!job.TryPeek(out var cid))
                {
                    WireMessage.WriteFrame(_notes, job.RequestId, new End(job.Status));
                    Remove(node);
                }
                else if (!store.TryGetLength(cid, out var length))
                {
                    Skip(job);
                }
                else
                {
                    if (!TryReserve(ref buffer, filled.Length, FrameOverhead + length)) break;
                    Append(job, cid, length, buffer, ref filled);
                    Rotate(node);
                }
            }
            filled.BlocksEnd = filled.Length;
            TryAppendNotes(ref buffer, ref filled);
        }
        return filled;
    }

    private void Append(ServeJob job, in Cid cid, int length, byte[] buffer, ref Filled filled)
    {
        var frame = buffer.AsSpan(filled.Length);
        if (store.Read(cid, 0, frame.Slice(FrameOverhead, length)) != length)
        {
            Skip(job);
            return;
        }
        new FrameHeader(FrameKind.Block, job.RequestId, BlockPrefix.Length + length).WriteTo(frame);
        BlockPrefix.Write(frame[FrameHeader.Length..], cid);
        job.Sent(length);
        if (_sent.Length == 0) _sent = new Cid[Remembered];
        _sent[_sentCount++ % Remembered] = cid;
        filled.Length += FrameOverhead + length;
        filled.Blocks++;
        filled.BlockBytes += length;
    }

    private void Skip(ServeJob job)
    {
        var absent = job.SkipAbsent(store);
        if (absent.Length > 0) WireMessage.WriteFrame(_notes, job.RequestId, new DontHave(absent));
    }

    private bool TryAppendNotes(ref byte[] buffer, ref Filled filled)
    {
        if (_notes.Length == 0) return true;
        if (!TryReserve(ref buffer, filled.Length, _notes.Length)) return false;
        _notes.Written.CopyTo(buffer.AsSpan(filled.Length));
        filled.Length += _notes.Length;
        _notes.Dispose();
        return true;
    }

    /// <summary>Grows an empty buffer; one that holds something is sent first.</summary>
    private static bool TryReserve(ref byte[] buffer, int at, int count)
    {
        if (buffer.Length - at >= count) return true;
        if (at > 0) return false;
        BlockBuffers.Shared.Return(buffer);
        buffer = BlockBuffers.Shared.Rent(count);
        return true;
    }

    private LinkedListNode<Line>? Next()
    {
        foreach (var lines in _lines)
            if (lines.First is { } first) return first;
        return null;
    }

    private static void Rotate(LinkedListNode<Line> node)
    {
        var lines = node.List!;
        if (lines.Count == 1) return;
        lines.Remove(node);
        lines.AddLast(node);
    }

    /// <summary>Takes the line's first request out.</summary>
    private void Remove(LinkedListNode<Line> node)
    {
        var jobs = node.Value.Jobs;
        (jobs[0] as IDisposable)?.Dispose();
        jobs.RemoveAt(0);
        _count--;
        if (jobs.Count == 0) node.List!.Remove(node);
    }

    /// <summary>The peer says that this node lied: a disk may have, so what was sent last is checked before it is sent again.</summary>
    public void DoubtWhatWasSent()
    {
        lock (_gate)
        {
            for (var at = Math.Max(0, _sentCount - Remembered); at < _sentCount; at++) store.Doubt(_sent[at % Remembered]);
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            while (Next() is { } node) Remove(node);
            _notes.Dispose();
        }
    }

    /// <summary>What a call of <see cref="Fill"/> has put into the buffer.</summary>
    public struct Filled
    {
        public int Length;

        /// <summary>Where the frames of the blocks begin and end; nothing else is between.</summary>
        public int BlocksAt;
        public int BlocksEnd;
        public int Blocks;
        public long BlockBytes;
    }
}
