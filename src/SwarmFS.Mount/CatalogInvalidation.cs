using System.Text;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// Tells the kernel at once what the catalogue has changed: listings of <c>pkgs/</c> and of the names, names and versions that were absent, and <c>latest</c>. Works on a thread of its
/// own that holds no lock, for the kernel may make it wait for a directory in which a lookup is going on.
/// Where names can be expired they are; otherwise they are dropped, and then only those below which nobody can be, since dropping a directory takes away the path of whoever works in it.
/// </summary>
internal sealed class CatalogInvalidation : IDisposable
{
    /// <summary>Changes that may wait. When the kernel takes longer than that many syncs, the rest is left to the timeout, and only the listing of <c>pkgs/</c> is dropped.</summary>
    private const int MaxWaiting = 64;

    /// <summary>
    /// Names told at a time, of those that the kernel may hold: a sync of a suite changes thousands of which it holds few. 16,384 take a third of a second; what is beyond
    /// is left to the timeout.
    /// </summary>
    private const int MaxNames = 16384;

    /// <summary>Versions of a name told, newest first: a change concerns one or two.</summary>
    private const int MaxVersions = 32;

    private readonly ICatalog _catalog;
    private readonly GivenNumbers _given;
    private readonly TimeProvider _time;
    private readonly FuseSession _session;
    private readonly ILogger _logger;
    private readonly Queue<IReadOnlyList<string>> _waiting = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread _thread;
    private volatile bool _stopped;

    public CatalogInvalidation(ICatalog catalog, GivenNumbers given, FuseSession session, TimeProvider time, ILogger logger)
    {
        _catalog = catalog;
        _given = given;
        _time = time;
        _session = session;
        _logger = logger;
        _thread = new Thread(Run) { IsBackground = true, Name = "swarmfs invalidation" };
        _thread.Start();
        catalog.Changed += OnChanged;
    }

    private void OnChanged(IReadOnlyList<string> names)
    {
        lock (_waiting)
        {
            if (_waiting.Count < MaxWaiting) _waiting.Enqueue(names);
        }
        _wake.Release();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                _wake.Wait();
                if (_stopped) return;
                Tell(Take());
            }
        }
        catch (Exception failure)
        {
            _logger.WorkerBroke("invalidation of the catalogue's names", failure);
        }
    }

    private IReadOnlyList<string> Take()
    {
        lock (_waiting) return _waiting.TryDequeue(out var names) ? names : [];
    }

    private void Tell(IReadOnlyList<string> changed)
    {
        _session.NotifyInvalidateInode(NodeNumber.Packages.Value, 0, 0);
        _session.NotifyInvalidateInode(NodeNumber.OfPast(NodeKind.Moment, Moment.DayOf(_time.GetUtcNow()), PastStates.OfNames, 0).Value, 0, 0);
        var snapshot = _catalog.Current;
        var told = 0;
        foreach (var name in changed)
        {
            if (TryTell(name, snapshot) && ++told == MaxNames) break;
        }
        _logger.Invalidated(changed.Count, told);
    }

    /// <returns>False when the kernel does not hold the name.</returns>
    private bool TryTell(string name, ICatalogSnapshot snapshot)
    {
        var bytes = Encoding.ASCII.GetBytes(name);
        var number = NodeNumber.Of(NodeKind.Name, bytes);
        var isHeld = _given.WasTold(number, exists: true);
        if (!isHeld && !_given.WasTold(number, exists: false)) return false;
        Forget(NodeNumber.Packages, bytes, mayDrop: !isHeld);
        if (!isHeld || snapshot.IndexOf(bytes) is var index && index < 0) return true;
        _session.NotifyInvalidateInode(number.Value, 0, 0);
        Forget(number, "latest"u8, mayDrop: true);
        var releases = snapshot[index].Releases;
        for (var i = releases.Count - 1; i >= Math.Max(0, releases.Count - MaxVersions); i--)
            Forget(number, Encoding.ASCII.GetBytes(releases[i].Version), mayDrop: false);
        return true;
    }

    private void Forget(NodeNumber parent, ReadOnlySpan<byte> name, bool mayDrop)
    {
        if (!_session.NotifyExpireEntry(parent.Value, name) && mayDrop) _session.NotifyInvalidateEntry(parent.Value, name);
    }

    public void Dispose()
    {
        _catalog.Changed -= OnChanged;
        _stopped = true;
        _wake.Release();
    }
}
