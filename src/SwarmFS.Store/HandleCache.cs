using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Store;

/// <summary>Keeps at most so many data files open, closing those that were not read lately (clock algorithm).</summary>
internal sealed class HandleCache(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Queue<Container> _open = new();

    /// <summary>
    /// Reads from the file; fewer bytes than asked for only at its end. -1 when the file is gone: look the block up again.
    /// </summary>
    /// <exception cref="IOException">The device failed.</exception>
    public int Read(Container container, long offset, Span<byte> destination)
    {
        // A handle can be closed between looking at it and using it; that it happens several times to one read means a cache smaller than the readers.
        for (var attempt = 0; attempt < 16; attempt++)
        {
            var handle = Volatile.Read(ref container.Handle) ?? TryOpen(container);
            if (handle is null) return -1;
            try
            {
                container.HandleUsed = true;
                return ReadFully(handle, offset, destination);
            }
            catch (ObjectDisposedException) { }
        }
        return -1;
    }

    /// <summary>The file's open handle; null when the file is gone.</summary>
    public SafeFileHandle? TryOpen(Container container)
    {
        SafeFileHandle? handle;
        lock (container.HandleGate)
        {
            if (container.Handle is { } open) return open;
            try
            {
                handle = Interop.Open(container.Path, Interop.ReadWrite);
            }
            catch (IOException gone) when (gone.HResult == Interop.NoSuchFile)
            {
                return null;
            }
            Volatile.Write(ref container.Handle, handle);
        }
        Enter(container);
        return handle;
    }

    /// <summary>Takes over a handle that was opened elsewhere.</summary>
    public void Adopt(Container container, SafeFileHandle handle)
    {
        lock (container.HandleGate) Volatile.Write(ref container.Handle, handle);
        Enter(container);
    }

    public static void Close(Container container)
    {
        lock (container.HandleGate)
        {
            var handle = container.Handle;
            Volatile.Write(ref container.Handle, null);
            handle?.Dispose();
            container.CloseList();
        }
    }

    private void Enter(Container container)
    {
        lock (_gate)
        {
            _open.Enqueue(container);
            for (var looked = 2 * _open.Count; _open.Count > capacity && looked > 0; looked--)
            {
                var candidate = _open.Dequeue();
                if (candidate.Handle is null) continue;
                if (candidate.KeepsHandle || candidate.HandleUsed)
                {
                    candidate.HandleUsed = false;
                    _open.Enqueue(candidate);
                }
                else
                {
                    Close(candidate);
                }
            }
        }
    }

    private static int ReadFully(SafeFileHandle handle, long offset, Span<byte> destination)
    {
        var done = 0;
        while (done < destination.Length)
        {
            var got = RandomAccess.Read(handle, destination[done..], offset + done);
            if (got == 0) break;
            done += got;
        }
        return done;
    }
}
