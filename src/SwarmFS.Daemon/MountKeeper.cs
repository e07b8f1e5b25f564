using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;
using SwarmFS.Daemon.State;
using SwarmFS.Fuse;

namespace SwarmFS.Daemon;

/// <summary>
/// The mount over a node's life. A node without a mount has a keeper that keeps nothing.
/// <code>
/// None -> [Mount] -> Mounted -> [StopAsync] -> Unmounted (or detached, when somebody uses it)
///                    Mounted -> [the kernel lets it go] -> Gone: told in health; peers are served on
///                    Mounted -> [moved, taken out of the tree, covered] -> Elsewhere: told in health -> [undone] -> Mounted
/// </code>
/// </summary>
internal sealed class MountKeeper(NodeSettings settings, ViewFile views, MountFile places, ILoggerFactory loggers, IMeterFactory meters) : IDisposable
{
    /// <summary>How long a start waits for views. Most have all their names here and take milliseconds; others come later.</summary>
    private static readonly TimeSpan RestoredWithin = TimeSpan.FromSeconds(2);

    private readonly ILogger _log = loggers.CreateLogger("SwarmFS.Daemon");
    private readonly CancellationTokenSource _ending = new();
    private Task _restoring = Task.CompletedTask;
    private MountGuard? _guard;
    private FuseSession? _session;
    private volatile bool _stopping;

    /// <summary>What is wrong with the mount, and what to do; null when all is well.</summary>
    public string? Problem
    {
        get
        {
            if (_stopping || _session is not { } session) return null;
            var restart = $"Restart the node to mount again: swarmfs --state {settings.StateDirectory} down, then up.";
            if (session.Completion.IsCompleted) return $"The mount on {session.MountPoint} has ended ({session.Completion.Result}). {restart}";
            return session.IsInPlace ? null : $"The mount is not seen on {session.MountPoint}: it was moved or taken out of the tree, or another mount lies on it. If that cannot be undone: {restart}";
        }
    }

    /// <summary>Takes the mount of a node that was killed away, if this one is not to be mounted in its place.</summary>
    public async Task ClearFormerAsync()
    {
        if (places.Load() is not { } former || former.Path == settings.MountPoint) return;
        RememberViews(former.Path);
        await MountedViews.DetachAsync(former.Path, _log);
        MountGuard.Clear(former, _log);
        places.Forget();
    }

    /// <exception cref="NodeStartException">The mount point cannot be used, or the mount does not answer.</exception>
    public async Task MountAsync(FuseHandler handler, CancellationToken cancellationToken)
    {
        if (settings.MountPoint is not { } mountPoint) return;
        // Of a node that was killed; with its mount those go that lie in it.
        RememberViews(mountPoint);
        _guard = MountGuard.Prepare(mountPoint, madeBefore: places.Load() == new MountPlace(mountPoint, Made: true), _log);
        places.Save(_guard.Place);
        await MountedViews.DetachAsync(mountPoint, _log);
        try
        {
            _session = FuseSession.Mount(new FuseMountOptions
            {
                MountPoint = mountPoint,
                AllowOther = settings.AllowOther,
                NoSuid = !settings.SpecialBits,
                HasAcls = settings.Xattrs,
                Passthrough = settings.Open == OpenMode.Passthrough,
                Transport = settings.Transport switch
                {
                    MountTransport.Device => FuseTransport.Device,
                    MountTransport.Uring => FuseTransport.Uring,
                    _ => FuseTransport.Automatic,
                },
            }, handler, loggers, meters);
        }
        catch (FuseMountException e)
        {
            Leave(_guard);
            throw new NodeStartException($"Nothing could be mounted on {mountPoint}: {e.Message.TrimEnd('.')}. To serve without a mount: --no-mount.");
        }
        _log.Mounted(mountPoint, _session.Minor);
        _ = TellEndAsync(_session);
        if (!await _guard.AnswersAsync(cancellationToken)) throw new NodeStartException($"The mount on {mountPoint} does not answer. The log says why.");
    }

    /// <summary>Makes the views again that stood when the node before ended. The control socket has to be there. Returns when they are, or after a while.</summary>
    public async Task RestoreViewsAsync(TimeProvider time)
    {
        if (_session is null) return;
        _restoring = RestoreAsync();
        await Task.WhenAny(_restoring, Task.Delay(RestoredWithin, time, _ending.Token));
    }

    private void RememberViews(string mountPoint) => views.Save(views.Load().Union(MountedViews.Standing(mountPoint)));

    private async Task RestoreAsync()
    {
        foreach (var view in views.Load())
        {
            if (_ending.IsCancellationRequested) return;
            await MountedViews.RestoreAsync(view, settings.StateDirectory, _log, _ending.Token);
        }
        // From here on the kernel's table tells.
        views.Save([]);
    }

    /// <summary>Unmounts; says what became of it.</summary>
    public async Task<string> StopAsync()
    {
        _stopping = true;
        if (_session is not { } session) return "there was no mount";
        await _ending.CancelAsync();
        await _restoring;
        RememberViews(session.MountPoint);
        await MountedViews.DetachAsync(session.MountPoint, _log);
        var result = session.Unmount();
        if (result == FuseUnmountResult.DetachedWhileBusy) _log.MountBusy(session.MountPoint);
        await session.DisposeAsync();
        if (_guard is { } guard && result != FuseUnmountResult.Refused) Leave(guard);
        return result switch
        {
            FuseUnmountResult.Unmounted => $"unmounted {session.MountPoint}",
            FuseUnmountResult.DetachedWhileBusy => $"{session.MountPoint} was in use: it is out of the tree, and open files in it have ended",
            FuseUnmountResult.NotMounted => $"{session.MountPoint} was not mounted any more",
            _ => $"the kernel refused to unmount {session.MountPoint}; run umount -l {session.MountPoint}",
        };
    }

    private void Leave(MountGuard guard)
    {
        guard.Leave();
        places.Forget();
    }

    public void Dispose() => _ending.Dispose();

    /// <summary>When the process ends in a way nobody planned: the mount goes too, at once.</summary>
    public void Abandon()
    {
        if (_session is { Completion.IsCompleted: false } session) session.Unmount();
    }

    public MountReport? Report() => _session is not { } session ? null : new MountReport(
        session.MountPoint, session.Completion.IsCompleted ? "gone" : session.IsInPlace ? "mounted" : "elsewhere", $"7.{session.Minor}",
        $"open={settings.Open.ToString().ToLowerInvariant()}{(session.Flags.HasFlag(FuseInitFlags.OverIoUring) ? ", io_uring" : "")}{(settings.AllowOther ? ", allow-other" : "")}{(settings.SpecialBits ? ", special-bits" : "")}");

    private async Task TellEndAsync(FuseSession session)
    {
        var end = await session.Completion;
        if (!_stopping) _log.MountGone(session.MountPoint, end.ToString());
    }
}
