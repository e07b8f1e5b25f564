using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse;

/// <summary>
/// Blocking reads of /dev/fuse by a few threads on one shared descriptor, one write per answer. One descriptor, not clones: whoever holds a copy of it keeps the connection,
/// and what is in flight on it, alive when this process dies. Polling before reading adds a system call and wins nothing.
/// </summary>
internal sealed unsafe class DevChannel(SafeFileHandle device) : FuseChannel
{
    // _IOW(229, 1, struct fuse_backing_map) and _IOW(229, 2, uint32_t).
    private const nuint BackingOpenRequest = 0x4010E501;
    private const nuint BackingCloseRequest = 0x4004E502;

    // The handler runs on it: a few frames of directory decoding, no recursion.
    private const int ReaderStackBytes = 512 * 1024;

    private readonly SafeFileHandle _device = device;
    private int _readers;
    private int _end = -1;
    private Errno _endErrno;

    /// <summary>The device's descriptor, for commands about it; open as long as this is.</summary>
    public int Descriptor => (int)_device.DangerousGetHandle();

    public override int Receive(Span<byte> buffer, out Errno errno)
    {
        errno = 0;
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var read = Libc.Read((int)_device.DangerousGetHandle(), start, buffer.Length);
                if (read >= 0) return (int)read;
                errno = Libc.LastError;
                if (!IsPassing(errno)) return 0;
            }
        }
    }

    public override void Start(FuseDispatcher dispatcher, int readers, Action<FuseEnd, Errno> ended)
    {
        _readers = readers;
        for (var i = 0; i < readers; i++)
        {
            var thread = new Thread(() => Serve(dispatcher, ended), ReaderStackBytes) { IsBackground = true, Name = $"fuse-reader-{i}" };
            thread.Start();
        }
    }

    public override Errno Send(ReadOnlySpan<byte> message)
    {
        if (!TryHold()) return Errno.ENODEV;
        fixed (byte* start = message)
        {
            var errno = Libc.Write((int)_device.DangerousGetHandle(), start, message.Length) < 0 ? Libc.LastError : 0;
            _device.DangerousRelease();
            return errno;
        }
    }

    public override Errno Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        if (!TryHold()) return Errno.ENODEV;
        fixed (byte* first = head, second = body)
        {
            var vectors = stackalloc Libc.IoVector[2];
            vectors[0] = new Libc.IoVector { Base = first, Length = head.Length };
            vectors[1] = new Libc.IoVector { Base = second, Length = body.Length };
            var errno = Libc.WriteVector((int)_device.DangerousGetHandle(), vectors, body.IsEmpty ? 1 : 2) < 0 ? Libc.LastError : 0;
            _device.DangerousRelease();
            return errno;
        }
    }

    public override int OpenBacking(int fd)
    {
        if (!TryHold()) return -(int)Errno.ENODEV;
        var map = new FuseBackingMap { Fd = fd };
        var id = Libc.IoControl((int)_device.DangerousGetHandle(), BackingOpenRequest, &map);
        if (id < 0) id = -(int)Libc.LastError;
        _device.DangerousRelease();
        return id;
    }

    public override Errno CloseBacking(int backingId)
    {
        if (!TryHold()) return Errno.ENODEV;
        var errno = Libc.IoControl((int)_device.DangerousGetHandle(), BackingCloseRequest, &backingId) < 0 ? Libc.LastError : 0;
        _device.DangerousRelease();
        return errno;
    }

    public override void Dispose() => _device.Dispose();

    private static bool IsPassing(Errno errno) => errno is Errno.EINTR or Errno.EAGAIN or Errno.ENOENT;

    // The descriptor must not be closed, and its number given to another file, between a look and a call.
    private bool TryHold()
    {
        if (_device.IsClosed) return false;
        try
        {
            var held = false;
            _device.DangerousAddRef(ref held);
            return held;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "a thread's outermost frame: the dispatcher has already answered and logged what it can")]
    private void Serve(FuseDispatcher dispatcher, Action<FuseEnd, Errno> ended)
    {
        ReaderScheduling.AskForShortSlices();
        var context = dispatcher.NewContext();
        try
        {
            var held = TryHold();
            var fd = (int)_device.DangerousGetHandle();
            while (true)
            {
                var read = Libc.Read(fd, context.RequestStart, RequestBytes);
                if (read > 0)
                {
                    dispatcher.Dispatch(context, (int)read);
                    continue;
                }

                var errno = read == 0 ? Errno.ECONNABORTED : Libc.LastError;
                if (IsPassing(errno)) continue;
                Note(errno);
                break;
            }

            if (held) _device.DangerousRelease();
        }
        catch (Exception)
        {
            Note(Errno.EIO);
        }
        finally
        {
            dispatcher.Drop(context);
            if (Interlocked.Decrement(ref _readers) == 0) ended((FuseEnd)_end, _endErrno);
        }
    }

    private void Note(Errno errno)
    {
        var end = errno switch
        {
            Errno.ENODEV => FuseEnd.Unmounted,
            Errno.ECONNABORTED => FuseEnd.Aborted,
            _ => FuseEnd.Failed,
        };
        if (Interlocked.CompareExchange(ref _end, (int)end, -1) == -1) _endErrno = errno;
    }
}
