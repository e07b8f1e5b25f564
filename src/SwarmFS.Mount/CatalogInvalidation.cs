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
    /// <summary>Names told one by one. A sync that brings more is left to the timeout; only the listing of <c>pkgs/</c> is still dropped.</summary>
    private const int MaxNames = 1024;

    /// <summary>Versions of a name told, newest first: a change concerns one or two.</summary>
    private const int MaxVersions = 32;

    private readonly ICatalog _catalog;
    private readonly NameNodes _names;
    private readonly FuseSession _session;
    private readonly ILogger _logger;
    private readonly HashSet<string> _pending = [];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread _thread;
    private volatile bool _stopped;

    public CatalogInvalidation(ICatalog catalog, NameNodes names, FuseSession session, ILogger logger)
    {
        _catalog = catalog;
        _names = names;
        _session = session;
        _logger = logger;
        _thread = new Thread(Run) { IsBackground = true, Name = "swarmfs invalidation" };
        _thread.Start();
        catalog.Changed += OnChanged;
    }

    private void OnChanged(IReadOnlyList<string> names)
    {
        lock (_pending)
        {
            foreach (var name in names)
            {
                if (_pending.Count >= MaxNames) break;
                _pending.Add(name);
            }
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

    private string[] Take()
    {
        lock (_pending)
        {
            string[] taken = [.. _pending];
            _pending.Clear();
            return taken;
        }
    }

    private void Tell(string[] changed)
    {
        _session.NotifyInvalidateInode(NodeNumber.Packages.Value, 0, 0);
        var snapshot = _catalog.Current;
        foreach (var name in changed)
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            var number = NodeNumber.Of(NodeKind.Name, bytes);
            var known = _names.IsKnown(number);
            Forget(NodeNumber.Packages, bytes, mayDrop: !known);
            if (!known || snapshot.IndexOf(bytes) is var index && index < 0) continue;
            _session.NotifyInvalidateInode(number.Value, 0, 0);
            Forget(number, "latest"u8, mayDrop: true);
            var releases = snapshot[index].Releases;
            for (var i = releases.Count - 1; i >= Math.Max(0, releases.Count - MaxVersions); i--)
                Forget(number, Encoding.UTF8.GetBytes(releases[i].Version), mayDrop: false);
        }
        _logger.Invalidated(changed.Length);
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
