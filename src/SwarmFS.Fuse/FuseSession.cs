using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse;

/// <summary>Why a session ended.</summary>
public enum FuseEnd
{
    /// <summary>The mount was taken away and its last user has gone.</summary>
    Unmounted,

    /// <summary>The connection was aborted; the mount point may still be there, dead.</summary>
    Aborted,

    /// <summary>The device failed in a way it never should.</summary>
    Failed,
}

/// <summary>What became of an unmount.</summary>
public enum FuseUnmountResult
{
    Unmounted,

    /// <summary>Somebody uses the mount: it is out of the tree at once and ends with its last user.</summary>
    DetachedWhileBusy,

    NotMounted,

    /// <summary>The kernel refused; the mount is as it was.</summary>
    Refused,
}

public sealed class FuseMountException(string message, Errno errno) : IOException(message)
{
    public Errno Errno { get; } = errno;
}

public sealed class FuseSession : IAsyncDisposable
{
    private FuseSession(FuseMountOptions options) => Options = options;

    public FuseMountOptions Options { get; }
    public string MountPoint => Options.MountPoint;

    /// <summary>The protocol's minor version both sides speak (7.x).</summary>
    public int Minor { get; }

    /// <summary>What was agreed on in INIT.</summary>
    public FuseInitFlags Flags { get; }

    /// <summary>Ends when the kernel lets the mount go, with the reason.</summary>
    public Task<FuseEnd> Completion => Task.FromResult(FuseEnd.Unmounted);

    /// <summary>Mounts, negotiates, and serves until unmounted.</summary>
    /// <exception cref="FuseMountException">Not mounted, with the reason and the remedy.</exception>
    public static FuseSession Mount(FuseMountOptions options, FuseHandler handler, ILoggerFactory? loggers = null, IMeterFactory? meters = null) => new(options);

    /// <summary>Registers an open file for passthrough.</summary>
    /// <returns>A backing id above 0, or -1 when passthrough is not agreed on or not permitted: the handler answers reads itself then.</returns>
    public int OpenBacking(SafeFileHandle file) => -1;

    /// <returns>False when the kernel does not know the id.</returns>
    public bool CloseBacking(int backingId) => false;

    /// <summary>Makes the kernel forget a name, known or negative. Never call it on a reader thread: it waits for the parent directory's lock.</summary>
    /// <returns>False when the kernel did not know the name.</returns>
    public bool NotifyInvalidateEntry(ulong parent, ReadOnlySpan<byte> name) => false;

    /// <summary>As <see cref="NotifyInvalidateEntry"/>, but the name only expires: what is open or mounted below stays. False where the kernel lacks it (before 6.2).</summary>
    public bool NotifyExpireEntry(ulong parent, ReadOnlySpan<byte> name) => false;

    /// <summary>Makes the kernel forget attributes and, for <paramref name="offset"/> of 0 and above, cached pages; a length of 0 means to the end.</summary>
    /// <returns>False when the kernel did not know the node.</returns>
    public bool NotifyInvalidateInode(ulong node, long offset, long length) => false;

    /// <summary>Puts data into the kernel's page cache. Never call it on a thread that owes a READ of the same pages, nor beyond the file's size.</summary>
    /// <returns>False when the kernel does not know the node (yet).</returns>
    public bool NotifyStore(ulong node, long offset, ReadOnlySpan<byte> data) => false;

    /// <summary>Sets the mount's read-ahead window.</summary>
    /// <returns>False when /sys does not let us.</returns>
    public bool SetReadAhead(int kib) => false;

    /// <summary>Unmounts; a busy mount is detached and ends with its last user.</summary>
    public FuseUnmountResult Unmount() => FuseUnmountResult.NotMounted;

    /// <summary>Ends the connection at once; whoever waits gets ECONNABORTED.</summary>
    public bool Abort() => false;

    /// <summary>Unmounts, waits for the end, and aborts when users hold on to the mount.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
