using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse;

/// <summary>
/// Wakes one thread that sleeps until there is something to do: eventfd(2). A monitor that is pulsed wakes its waiter twice, the second time for the lock that the waker still holds, and where
/// both share a processor each time stops the waker. Signals given before the wait are not lost and count as one.
/// </summary>
public sealed unsafe class ThreadSignal : IDisposable
{
    private readonly SafeFileHandle _event;

    private ThreadSignal(SafeFileHandle handle) => _event = handle;

    /// <summary>Null where the process has no descriptor left.</summary>
    public static ThreadSignal? TryOpen()
    {
        var descriptor = Libc.EventDescriptor(0, Libc.EventCloseOnExec);
        return descriptor < 0 ? null : new ThreadSignal(new SafeFileHandle(descriptor, ownsHandle: true));
    }

    /// <summary>For whoever waits in another way than by <see cref="Wait"/>: eight bytes can be read once there was a signal.</summary>
    internal int Descriptor => (int)_event.DangerousGetHandle();

    /// <summary>Never waits. After <see cref="Dispose"/> there is nobody to wake.</summary>
    public void Set()
    {
        var isHeld = false;
        try
        {
            _event.DangerousAddRef(ref isHeld);
            ulong one = 1;
            _ = Libc.Write(Descriptor, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
        }
        finally
        {
            if (isHeld) _event.DangerousRelease();
        }
    }

    /// <summary>Returns once there was a signal since the last return; a signal handler of the process also ends it. For one thread, which is also the one that disposes.</summary>
    public void Wait()
    {
        ulong count;
        _ = Libc.Read(Descriptor, &count, sizeof(ulong));
    }

    public void Dispose() => _event.Dispose();
}
