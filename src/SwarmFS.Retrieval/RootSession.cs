using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// What is remembered of the reads inside one root: who reads a file forward, who walks through the files. Noting a read is cheap and allocates nothing; what is to be asked ahead is
/// planned on the pool, by one thread at a time.
/// </summary>
internal sealed class RootSession(RootAccount account, ReadAheadPlanner planner) : IThreadPoolWorkItem
{
    // A kernel that reads ahead sends pieces of up to 1 MiB side by side: 4 MiB of them may overtake one another.
    private const long FileTolerance = 4L << 20;

    // Rows between two files that one walk reads: directories, links, and what a filter leaves out.
    private const long ScanTolerance = 32;

    // What the mount shows the kernel is not read here; several batches of 64 files may be passed over before a word of it arrives.
    private const long ScanLeap = 512;

    // What is shown tells of a reader only while one reads: a mere listing of names shows files as well.
    private static readonly TimeSpan ReaderPresence = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly SequenceDetector _files = new(slots: 8, FileTolerance, FileTolerance, hits: 2, sparsest: 2, planner.Options.FirstFileWindow);
    private readonly SequenceDetector _scans = new(slots: 16, ScanTolerance, ScanLeap, hits: 3, sparsest: 4, planner.Options.FirstScanWindow);
    private TreeTable? _tree;
    private long _pausedUntil = long.MinValue;
    private long _lastRead;
    private bool _wasRead;
    private bool _wantsSmallPackage;

    public RootAccount Account { get; } = account;

    public Completeness Completeness { get; } = new();

    public FailedReads FailedReads { get; } = new(planner.Time);

    /// <summary>True when nothing is left to plan.</summary>
    public bool IsAtRest
    {
        get
        {
            lock (_gate) return _tree is null;
        }
    }

    /// <summary>Notes a read of a regular file.</summary>
    public void Note(TreeTable tree, int row, long offset, int length)
    {
        var isLarge = tree[row].Content.Codec != CidCodec.Raw;
        lock (_gate)
        {
            _lastRead = planner.Time.GetTimestamp();
            var wakes = isLarge && _files.Note(row, offset, length);
            wakes |= _scans.Note(0, row, 1);
            if (!_wasRead) wakes = _wasRead = _wantsSmallPackage = true;
            // While a plan is under way for this tree, it sees the wish by itself or the next read repeats it.
            if (!wakes || _tree is not null) return;
            _tree = tree;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Notes that a file was shown to the kernel before it was asked for.</summary>
    public void NoteShown(TreeTable tree, int row)
    {
        lock (_gate)
        {
            if (planner.Time.GetElapsedTime(_lastRead) > ReaderPresence || !_scans.Follow(0, row) || _tree is not null) return;
            _tree = tree;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Notes that a directory was listed to its end. Whoever then reads its first file is taken for one who goes on with the others.</summary>
    public void NoteListed(TreeTable tree, int directory)
    {
        foreach (var row in tree.Children(directory))
        {
            // Who goes into a directory lists that one next.
            if (tree[row].Kind == EntryKind.Directory) return;
            if (tree[row].Kind != EntryKind.File) continue;
            lock (_gate) _scans.Expect(0, row);
            return;
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        TreeTable? tree;
        lock (_gate) tree = _tree;
        while (tree is not null)
        {
            // Found out here, off the reader's thread: from then on its reads are not even noted.
            var isComplete = planner.Holds(Completeness, tree);
            foreach (var plan in Collect(tree, isComplete)) planner.Send(Account, plan, this);
            lock (_gate)
            {
                if (!AnyWants()) _tree = null;
                tree = _tree;
            }
        }
    }

    /// <summary>What was asked ahead came back short: nothing more is asked ahead for a while.</summary>
    public void Pause() => Volatile.Write(ref _pausedUntil, planner.Time.TimestampIn(planner.Options.PrefetchPause));

    private bool AnyWants()
    {
        if (_wantsSmallPackage) return true;
        foreach (ref var reader in _files.Readers) if (reader.Wants) return true;
        foreach (ref var reader in _scans.Readers) if (reader.Wants) return true;
        return false;
    }

    private List<List<WantedBlock>> Collect(TreeTable tree, bool isComplete)
    {
        List<List<WantedBlock>> plans = [];
        var isPaused = isComplete || !planner.Time.HasPassed(Volatile.Read(ref _pausedUntil));
        bool wantsSmallPackage;
        lock (_gate) (wantsSmallPackage, _wantsSmallPackage) = (_wantsSmallPackage, false);
        if (wantsSmallPackage && !isPaused && planner.PlanSmallPackage(tree) is { Count: > 0 } all) plans.Add(all);
        Collect(tree, _files, isScan: false, isPaused, plans);
        Collect(tree, _scans, isScan: true, isPaused, plans);
        return plans;
    }

    // The lock is not held while a plan is made: it looks up thousands of blocks.
    private void Collect(TreeTable tree, SequenceDetector detector, bool isScan, bool isPaused, List<List<WantedBlock>> plans)
    {
        for (var slot = 0; slot < detector.Readers.Length; slot++)
        {
            SequentialReader reader;
            lock (_gate)
            {
                reader = detector.Readers[slot];
                detector.Readers[slot].Wants = false;
            }
            if (!reader.Wants || isPaused) continue;
            var plan = isScan ? planner.PlanScan(tree, ref reader) : planner.PlanFile(tree, ref reader);
            if (plan.Count > 0) plans.Add(plan);
            lock (_gate)
            {
                ref var current = ref detector.Readers[slot];
                if (current.Id != reader.Id) continue;
                (current.Requested, current.Trigger, current.Window) = (reader.Requested, reader.Trigger, reader.Window);
            }
        }
    }
}
