using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>What is not evicted: pinned roots, roots in use, and blocks put while a hold lives.</summary>
internal sealed class Protection
{
    private readonly PinFile _file;
    private readonly Dictionary<Cid, string> _pins;
    private readonly Dictionary<Cid, int> _uses = [];
    private readonly List<Hold> _holds = [];
    private int _holdCount;
    private int _version;
    private int _relaxations;

    public Protection(PinFile file)
    {
        _file = file;
        _pins = file.Load();
    }

    /// <summary>Held for each change here, and by a collection for the eviction of one data file: so nothing is evicted that was protected before.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Changes whenever a root becomes protected: marks made before do not say everything.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Changes whenever something is protected no longer: what could not be evicted may be now.</summary>
    public int Relaxations => Volatile.Read(ref _relaxations);

    public int PinCount
    {
        get
        {
            lock (Gate) return _pins.Count;
        }
    }

    public IReadOnlyList<PinnedRoot> Pins
    {
        get
        {
            lock (Gate) return [.. _pins.Select(pin => new PinnedRoot(pin.Key, pin.Value))];
        }
    }

    /// <summary>Pinned and used roots.</summary>
    public List<Cid> Roots()
    {
        lock (Gate) return [.. _pins.Keys.Union(_uses.Keys)];
    }

    /// <exception cref="IOException">It could not be made durable; it is not pinned.</exception>
    public void Pin(in Cid root, string reason)
    {
        lock (Gate)
        {
            if (_pins.TryGetValue(root, out var known) && known == reason) return;
            _file.Save(new Dictionary<Cid, string>(_pins) { [root] = reason });
            _pins[root] = reason;
            _version++;
        }
    }

    /// <exception cref="IOException">It could not be made durable; it is still pinned.</exception>
    public bool Unpin(in Cid root)
    {
        lock (Gate)
        {
            if (!_pins.ContainsKey(root)) return false;
            var rest = new Dictionary<Cid, string>(_pins);
            rest.Remove(root);
            _file.Save(rest);
            _relaxations++;
            return _pins.Remove(root);
        }
    }

    public IDisposable Use(Cid root)
    {
        lock (Gate)
        {
            _uses[root] = _uses.GetValueOrDefault(root) + 1;
            _version++;
        }
        return new Release(() => EndUse(root));
    }

    private void EndUse(Cid root)
    {
        lock (Gate)
        {
            if (_uses[root] == 1) _uses.Remove(root);
            else _uses[root]--;
            _relaxations++;
        }
    }

    public IDisposable HoldNew()
    {
        var hold = new Hold();
        lock (Gate)
        {
            _holds.Add(hold);
            _holdCount = _holds.Count;
        }
        return new Release(() => EndHold(hold));
    }

    private void EndHold(Hold hold)
    {
        lock (Gate)
        {
            _holds.Remove(hold);
            _holdCount = _holds.Count;
            _relaxations++;
        }
    }

    /// <summary>True while a hold lives.</summary>
    public bool HasHolds => Volatile.Read(ref _holdCount) > 0;

    /// <summary>A block is about to be put: all holds that live keep it. Called before the index is asked, so that it cannot be evicted in between.</summary>
    public void Note(in Sha256Digest digest)
    {
        if (!HasHolds) return;
        lock (Gate)
        {
            foreach (var hold in _holds) hold.Digests.Add(digest);
        }
    }

    /// <summary>The caller has <see cref="Gate"/>.</summary>
    public bool IsHeld(in Sha256Digest digest)
    {
        foreach (var hold in _holds)
        {
            if (hold.Digests.Contains(digest)) return true;
        }
        return false;
    }

    /// <summary>Blocks that were put while a hold that still lives did.</summary>
    public List<Sha256Digest> Held()
    {
        lock (Gate) return [.. _holds.SelectMany(hold => hold.Digests)];
    }

    private sealed class Hold
    {
        public HashSet<Sha256Digest> Digests { get; } = [];
    }

    /// <summary>Does it once, however often it is disposed.</summary>
    private sealed class Release(Action action) : IDisposable
    {
        private Action? _action = action;

        public void Dispose() => Interlocked.Exchange(ref _action, null)?.Invoke();
    }
}
