using System.Globalization;

namespace SwarmFS.Fuse;

/// <summary>Looks at a thread that waits in the kernel for an answer. /proc gives it without a lock that such a thread could hold.</summary>
internal static unsafe class CallerSignals
{
    // The lines before the signals are about 1 KiB, and 11 bytes for each group of the user at most.
    private const int MaxStatusBytes = 16384;

    /// <summary>
    /// Whether the thread is about to end. True as well for whoever cannot be looked at, so that nobody waits who may have been killed: a caller outside this PID namespace
    /// (the request says 0), a thread that has gone or that /proc hides, an unreadable status.
    /// </summary>
    public static bool IsDying(uint thread)
    {
        if (thread == 0) return true;
        Span<byte> status = stackalloc byte[MaxStatusBytes];
        var length = Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{thread}/status"), status);
        return !SignalSets.TryParse(status[..length], out var signals) || signals.IsFatal;
    }

    private static int Read(string path, Span<byte> buffer)
    {
        var fd = Libc.Open(path, Libc.OpenCloseOnExec);
        if (fd < 0) return 0;
        var length = 0;
        fixed (byte* start = buffer)
        {
            nint read;
            while ((read = Libc.Read(fd, start + length, buffer.Length - length)) > 0) length += (int)read;
        }

        _ = Libc.Close(fd);
        return length;
    }
}
