using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>A record and the index at which it stands in its log.</summary>
internal readonly record struct Logged<T>(long Index, T Record);

/// <summary>
/// What a log says, by its entries in order: every suite of every namespace, every tree, release and revocation, every head. Entries that are no records of a known kind are passed over: a
/// newer importer may write them. One writer; safe to read from any thread. A tree takes about 170 bytes, a suite or release about 500.
/// </summary>
internal sealed class LogState
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Logged<SuiteRecord>>> _suites = [];
    private readonly List<string> _namespaces = [];
    private readonly Dictionary<Sha256Digest, TreeRecord> _trees = [];
    private readonly List<Logged<ReleaseRecord>> _releases = [];
    private readonly List<Logged<RevokeRecord>> _revocations = [];
    private readonly List<Logged<HeadRecord>> _heads = [];
    private readonly HashSet<Sha256Digest> _known = [];
    private long _count;
    private long _unreadable;

    public long Count
    {
        get
        {
            lock (_gate) return _count;
        }
    }

    /// <summary>Entries that say nothing to this node.</summary>
    public long Unreadable
    {
        get
        {
            lock (_gate) return _unreadable;
        }
    }

    /// <summary>Heads in order; the last entry of a signed tree is one.</summary>
    public IReadOnlyList<Logged<HeadRecord>> Heads
    {
        get
        {
            lock (_gate) return [.. _heads];
        }
    }

    public Logged<HeadRecord>? NewestHead
    {
        get
        {
            lock (_gate) return _heads.Count == 0 ? null : _heads[^1];
        }
    }

    /// <summary>Takes the next entry.</summary>
    public void Add(ReadOnlySpan<byte> entry)
    {
        var record = CatalogRecord.TryRead(entry, out _);
        lock (_gate)
        {
            var index = _count++;
            switch (record)
            {
                case SuiteRecord suite: AddSuite(new(index, suite)); break;
                case TreeRecord tree: _trees.TryAdd(tree.Artifact.Sha256, tree); break;
                case ReleaseRecord release: _releases.Add(new(index, release)); break;
                case RevokeRecord revocation: _revocations.Add(new(index, revocation)); break;
                case HeadRecord head: _heads.Add(new(index, head)); break;
                default: _unreadable++; break;
            }
            if (record is not (null or HeadRecord)) _known.Add(Sha256Digest.Of(entry));
        }
    }

    private void AddSuite(Logged<SuiteRecord> suite)
    {
        if (!_suites.TryGetValue(suite.Record.Namespace, out var list))
        {
            _suites.Add(suite.Record.Namespace, list = []);
            _namespaces.Add(suite.Record.Namespace);
        }
        list.Add(suite);
    }

    /// <summary>True when this very record stands here; heads are not looked for.</summary>
    public bool Contains(ReadOnlySpan<byte> entry)
    {
        var digest = Sha256Digest.Of(entry);
        lock (_gate) return _known.Contains(digest);
    }

    public TreeRecord? Tree(Sha256Digest artifact)
    {
        lock (_gate) return _trees.GetValueOrDefault(artifact);
    }

    public int TreeCount
    {
        get
        {
            lock (_gate) return _trees.Count;
        }
    }

    public IReadOnlyList<TreeRecord> Trees
    {
        get
        {
            lock (_gate) return [.. _trees.Values];
        }
    }

    /// <summary>The archives that unpack to this root, by this log.</summary>
    public IReadOnlyList<TreeRecord> TreesOf(Cid root)
    {
        lock (_gate) return [.. _trees.Values.Where(tree => tree.Root == root)];
    }

    /// <summary>Namespaces in the order in which the log first had them.</summary>
    public IReadOnlyList<string> Namespaces
    {
        get
        {
            lock (_gate) return [.. _namespaces];
        }
    }

    /// <summary>The suites of a namespace among the first entries.</summary>
    public IReadOnlyList<Logged<SuiteRecord>> Suites(string ofNamespace, long entries)
    {
        lock (_gate) return _suites.TryGetValue(ofNamespace, out var list) ? [.. list.Where(suite => suite.Index < entries)] : [];
    }

    public IReadOnlyList<Logged<ReleaseRecord>> Releases(long entries)
    {
        lock (_gate) return [.. _releases.TakeWhile(release => release.Index < entries)];
    }

    public IReadOnlyList<Logged<RevokeRecord>> Revocations(long entries)
    {
        lock (_gate) return [.. _revocations.TakeWhile(revocation => revocation.Index < entries)];
    }

    /// <summary>The last head among the first entries.</summary>
    public HeadRecord? HeadUpTo(long entries)
    {
        lock (_gate)
        {
            for (var i = _heads.Count - 1; i >= 0; i--)
                if (_heads[i].Index < entries) return _heads[i].Record;
            return null;
        }
    }

    /// <summary>How many entries the log had at an instant, by the times of its heads: a whole number of batches, 0 before the first.</summary>
    public long EntriesAt(DateTimeOffset time)
    {
        lock (_gate)
        {
            for (var i = _heads.Count - 1; i >= 0; i--)
                if (_heads[i].Record.Time <= time) return _heads[i].Index + 1;
            return 0;
        }
    }
}
