using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse;

/// <summary>
/// One mount and its server.
/// <para>
/// Participants: the kernel, which asks; <see cref="FuseChannel"/>, which carries messages; <see cref="FuseDispatcher"/>, which turns each into one call and one answer;
/// <see cref="FuseHandler"/>, which knows the tree; <see cref="ParkedRequest"/>, an answer that is still owed. This type mounts, negotiates, notifies and ends.
/// </para>
/// <para>
/// Goals: a read-only tree served at the cost of the protocol itself (no library in between, no allocation per request); a caller that is killed gets away within half a
/// second, and one with any other signal gets its answer; an end that leaves no mount behind. Non-goals: writing, locks, ioctls, device nodes that work.
/// </para>
/// <code>
/// Mounting -> [INIT answered] -> Serving -> [unmount, abort, failure] -> Ended
/// </code>
/// </summary>
public sealed class FuseSession : IAsyncDisposable
{
    // After a detach whoever has files open decides; a program that ends wants its threads back.
    private static readonly TimeSpan DisposePatience = TimeSpan.FromSeconds(2);

    // The first kernel that this was tried on for long; 6.14 to 6.17 have rings too, for those who ask for them by name.
    private static readonly Version RingsByThemselves = new(6, 18);

    private readonly TaskCompletionSource<FuseEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FuseChannel _channel;
    private readonly FuseHandler _handler;
    private readonly ILogger _logger;
    private readonly FuseNotifier _notifier;
    private readonly string _resolved;
    private FuseConnection? _connection;
    private FuseDispatcher? _dispatcher;
    private FuseMetrics? _metrics;
    private bool _isServed;
    private (uint Kind, ulong Id)? _identity;

    private FuseSession(FuseMountOptions options, string resolved, FuseChannel channel, FuseHandler handler, ILogger logger)
    {
        Options = options;
        _resolved = resolved;
        _channel = channel;
        _handler = handler;
        _logger = logger;
        _notifier = new FuseNotifier(channel, logger);
    }

    public FuseMountOptions Options { get; }
    public string MountPoint => Options.MountPoint;

    /// <summary>The protocol's minor version both sides speak (7.x).</summary>
    public int Minor { get; private set; }

    /// <summary>What was agreed on in INIT.</summary>
    public FuseInitFlags Flags { get; private set; }

    /// <summary>The largest READ, in bytes.</summary>
    public int MaxReadBytes { get; private set; }

    /// <summary>The widest read-ahead that is set, in bytes: what the requests that may be under way carry.</summary>
    public int MaxReadAheadBytes { get; private set; }

    /// <summary>Ends when the kernel lets the mount go, with the reason.</summary>
    public Task<FuseEnd> Completion => _completion.Task;

    /// <summary>Whether who opens <see cref="MountPoint"/> gets this mount: it may have been moved or taken out of the tree, or lie below another one.</summary>
    public bool IsInPlace => MountIdentity.At(_resolved) == _identity;

    /// <summary>Requests that are parked now.</summary>
    public int ParkedCount => _dispatcher?.ParkedCount ?? 0;

    /// <summary>Of those, the ones whose callers got a signal that does not end them, and are watched for one that does. Lags by a tenth of a second.</summary>
    public int WatchedCount => _dispatcher?.WatchedCount ?? 0;

    /// <summary>Mounts, negotiates, and serves until unmounted.</summary>
    /// <exception cref="FuseMountException">Not mounted, with the reason and the remedy.</exception>
    public static FuseSession Mount(FuseMountOptions options, FuseHandler handler, ILoggerFactory? loggers = null, IMeterFactory? meters = null)
    {
        var logger = loggers?.CreateLogger("SwarmFS.Fuse") ?? (ILogger)NullLogger.Instance;
        using var uring = options.Transport == FuseTransport.Device ? null : UringPermission.Ask(options.Transport == FuseTransport.Uring || Environment.OSVersion.Version >= RingsByThemselves);
        var channel = new DevChannel(FuseMounter.Mount(options, logger, out var resolved, out var detached));
        using var mount = detached;
        var session = new FuseSession(options, resolved, channel, handler, logger);
        try
        {
            session.Start(meters, mayHaveRings: uring is { IsGiven: true }, mount);
            return session;
        }
        catch
        {
            session.GiveUp(mount);
            throw;
        }
    }

    /// <summary>Registers an open file for passthrough.</summary>
    /// <returns>A backing id above 0, or -1 when passthrough is not agreed on or not permitted: the handler answers reads itself then.</returns>
    public int OpenBacking(SafeFileHandle file)
    {
        if (!Flags.HasFlag(FuseInitFlags.Passthrough)) return -1;
        var id = _channel.OpenBacking((int)file.DangerousGetHandle());
        GC.KeepAlive(file);
        if (id > 0) return id;
        _logger.NoPassthrough(MountPoint, (Errno)(-id));
        return -1;
    }

    /// <returns>False when the kernel does not know the id.</returns>
    public bool CloseBacking(int backingId) => _channel.CloseBacking(backingId) == 0;

    /// <summary>Makes the kernel forget a name, known or negative. Never call it on a reader thread: it waits for the parent directory's lock.</summary>
    /// <returns>False when the kernel did not know the name.</returns>
    public bool NotifyInvalidateEntry(ulong parent, ReadOnlySpan<byte> name) => _notifier.Entry(parent, name, expireOnly: false);

    /// <summary>As <see cref="NotifyInvalidateEntry"/>, but the name only expires: what is open or mounted below stays. False where the kernel lacks it (before 6.2).</summary>
    public bool NotifyExpireEntry(ulong parent, ReadOnlySpan<byte> name) => Flags.HasFlag(FuseInitFlags.HasExpireOnly) && _notifier.Entry(parent, name, expireOnly: true);

    /// <summary>Makes the kernel forget attributes and, for <paramref name="offset"/> of 0 and above, cached pages; a length of 0 means to the end.</summary>
    /// <returns>False when the kernel did not know the node.</returns>
    public bool NotifyInvalidateInode(ulong node, long offset, long length) => _notifier.Inode(node, offset, length);

    /// <summary>
    /// Puts data into the kernel's page cache. Never call it on a thread that owes a READ of the same pages, nor beyond the file's size. The offset lies on a page, and the data
    /// ends on one or at the end of the file: the kernel drops pages that it gets in part.
    /// </summary>
    /// <returns>False when the kernel does not know the node (yet).</returns>
    public bool NotifyStore(ulong node, long offset, ReadOnlySpan<byte> data) => _notifier.Store(node, offset, data);

    /// <summary>Sets the mount's read-ahead window, to <see cref="MaxReadAheadBytes"/> at most.</summary>
    /// <returns>The window in KiB; 0 when /sys does not let us.</returns>
    public int SetReadAhead(int kib)
    {
        var window = Math.Min(kib, MaxReadAheadBytes >> 10);
        return _connection?.TrySetReadAhead(window) == true ? window : 0;
    }

    /// <summary>Unmounts; a busy mount is detached and ends with its last user.</summary>
    public FuseUnmountResult Unmount()
    {
        if (Completion.IsCompleted && Completion.Result == FuseEnd.Unmounted) return FuseUnmountResult.NotMounted;
        // Numbers of devices are given again, and somebody else's mount may lie on this one.
        if (!IsInPlace) return FuseUnmountResult.NotMounted;
        var errno = Libc.Unmount(_resolved, Libc.UnmountNoFollow) < 0 ? Libc.LastError : 0;
        switch (errno)
        {
            case 0: return FuseUnmountResult.Unmounted;
            case Errno.EINVAL or Errno.ENOENT: return FuseUnmountResult.NotMounted;
            case Errno.EPERM when Fusermount.Unmount(_resolved, lazily: false): return FuseUnmountResult.Unmounted;
            default:
                _logger.DetachedWhileBusy(MountPoint);
                return Detach();
        }
    }

    /// <summary>Ends the connection at once; whoever waits gets ECONNABORTED.</summary>
    /// <returns>False when /sys does not let us.</returns>
    public bool Abort() => _connection?.TryAbort() ?? false;

    /// <summary>Unmounts, waits for the end, and aborts when users hold on to the mount.</summary>
    public async ValueTask DisposeAsync()
    {
        Unmount();
        if (await HasEnded()) return;
        _logger.Aborting(MountPoint);
        Abort();
        await HasEnded();
    }

    private void Start(IMeterFactory? meters, bool mayHaveRings, DetachedMount? mount)
    {
        if (mayHaveRings && _channel is DevChannel device && UringChannel.TryOpen(device, RingFailed) is { } opened) _channel = opened;
        var agreement = FuseHandshake.Perform(_channel, Options with
        {
            Transport = _channel is UringChannel ? FuseTransport.Uring : FuseTransport.Device,
            // Without a ShownRoot the kernel's cache of ACLs costs more than it saves.
            HasAcls = Options.HasAcls || mount?.CanShowSubdirectory() != true,
        });
        var hasRings = agreement.Flags.HasFlag(FuseInitFlags.OverIoUring);
        if (_channel is UringChannel rings && !hasRings) _channel = rings.WithoutRings();
        if (Options.Transport == FuseTransport.Uring && !hasRings) throw NoRings();
        Minor = agreement.Minor;
        Flags = agreement.Flags;
        (MaxReadBytes, MaxReadAheadBytes) = (agreement.MaxReadBytes, agreement.MaxReadAheadBytes);
        if ((mount is null ? FuseMounts.Find(_resolved)?.Device : mount.Device) is { } number) _connection = new FuseConnection(number);
        if (Options.ReadAheadKiB is { } kib) SetReadAhead(kib);
        var showsSubdirectory = Flags.HasFlag(FuseInitFlags.PosixAcl);
        if (showsSubdirectory) _notifier.Root = ShownRoot.Kernel;
        _dispatcher = new FuseDispatcher(_handler, _channel, agreement.MaxReadBytes, CallerSignals.IsDying, _logger) { ShowsSubdirectory = showsSubdirectory };
        if (meters is not null) _metrics = new FuseMetrics(meters, _dispatcher, MountPoint);
        _handler.Started(this);
        _channel.Start(_dispatcher, Options.ReaderThreads, End);
        _isServed = true;
        if (mount is not null && FuseMounts.Find(_resolved) is { } other && other.Type == $"fuse.{Options.Subtype}") throw FuseMounter.Occupied(Options.MountPoint);
        if (mount?.Attach(_resolved, showsSubdirectory ? ShownRoot.Name : "") is { } errno and not 0) throw FuseMounter.Refused(Options, errno);
        _identity = MountIdentity.At(_resolved);
        _logger.Mounted(MountPoint, Minor, Flags, Options.ReaderThreads);
    }

    // Whoever serves ends with the mount, and then closes the channel.
    private void GiveUp(DetachedMount? mount)
    {
        if (mount is null) Detach();
        mount?.Dispose();
        if (_isServed) _completion.Task.Wait(DisposePatience);
        else _channel.Dispose();
    }

    private void RingFailed(Errno errno)
    {
        _logger.RingFailed(MountPoint, errno);
        Abort();
    }

    private FuseMountException NoRings() => new(
        $"{MountPoint} cannot be served through io_uring: that takes Linux 6.14, kernel.io_uring_disabled=0 and, where root does not mount, 'echo Y > /sys/module/fuse/parameters/enable_uring' before", Errno.EOPNOTSUPP);

    private FuseUnmountResult Detach()
    {
        var errno = FuseMounts.Detach(_resolved);
        if (errno == 0) return FuseUnmountResult.DetachedWhileBusy;
        _logger.UnmountRefused(MountPoint, errno);
        return FuseUnmountResult.Refused;
    }

    private async Task<bool> HasEnded()
    {
        try
        {
            await Completion.WaitAsync(DisposePatience);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // Called by the last reader thread. An aborted mount stays in the tree, where it answers ENOTCONN, until Unmount: better than an empty directory that looks fine.
    private void End(FuseEnd end, Errno errno)
    {
        if (end == FuseEnd.Failed) _logger.ReadingFailed(MountPoint, errno);
        _dispatcher!.End();
        _metrics?.Dispose();
        _channel.Dispose();
        try
        {
            _handler.Stopped();
        }
        finally
        {
            _logger.Ended(MountPoint, end);
            _completion.TrySetResult(end);
        }
    }
}
