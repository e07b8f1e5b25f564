using System.Buffers.Text;

namespace SwarmFS.Fuse;

/// <summary>
/// What /proc/PID/status says about the signals of one thread; signal n is bit n - 1.
/// <code>
/// line = ("SigPnd" / "ShdPnd" / "SigBlk" / "SigIgn" / "SigCgt") ":" HTAB 16HEXDIG LF
/// </code>
/// </summary>
/// <param name="Pending">Sent to the thread or to its process, and not taken yet.</param>
internal readonly record struct SignalSets(ulong Pending, ulong Blocked, ulong Ignored, ulong Caught)
{
    private const int Digits = 16;
    private const ulong Kill = 1UL << 8;

    // SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH: those of signal(7) whose default action is not the end.
    private const ulong Harmless = (1UL << 16) | (1UL << 17) | (1UL << 18) | (1UL << 19) | (1UL << 20) | (1UL << 21) | (1UL << 22) | (1UL << 27);

    /// <summary>
    /// The thread ends as soon as it is let go. SIGKILL alone does not tell: complete_signal of kernel/signal.c turns a signal that terminates by default into a SIGKILL for every
    /// thread of the group when it is sent, but not one that dumps core, nor one to a traced process, nor one to a thread with another signal pending. Those lie there as they are.
    /// </summary>
    public bool IsFatal => (Pending & (Kill | ~(Blocked | Ignored | Caught | Harmless))) != 0;

    /// <returns>False when a line is missing or cut short.</returns>
    public static bool TryParse(ReadOnlySpan<byte> status, out SignalSets sets)
    {
        sets = default;
        if (!TryFind(status, "SigPnd:\t"u8, out var own) || !TryFind(status, "ShdPnd:\t"u8, out var shared)) return false;
        if (!TryFind(status, "SigBlk:\t"u8, out var blocked) || !TryFind(status, "SigIgn:\t"u8, out var ignored) || !TryFind(status, "SigCgt:\t"u8, out var caught)) return false;
        sets = new SignalSets(own | shared, blocked, ignored, caught);
        return true;
    }

    private static bool TryFind(ReadOnlySpan<byte> status, ReadOnlySpan<byte> key, out ulong set)
    {
        set = 0;
        while (!status.IsEmpty)
        {
            var end = status.IndexOf((byte)'\n');
            if (end < 0) return false;
            var line = status[..end];
            status = status[(end + 1)..];
            if (!line.StartsWith(key)) continue;
            return line.Length == key.Length + Digits && Utf8Parser.TryParse(line[key.Length..], out set, out var used, 'x') && used == Digits;
        }

        return false;
    }
}
