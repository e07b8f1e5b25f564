using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SwarmFS.Swarm;

/// <summary>What Linux counts of a TCP connection (tcp(7), TCP_INFO; the layout of struct tcp_info in linux/tcp.h is fixed and only grows).</summary>
internal static class TcpProgress
{
    private const int Tcp = 6;
    private const int TcpInfo = 11;

    private const int UnderWayAt = 24;
    private const int WindowAt = 80;
    private const int AcknowledgedAt = 120;
    private const int NotSentAt = 144;
    private const int BusyAt = 168;
    private const int ReceiverLimitedAt = 176;
    private const int BufferLimitedAt = 184;
    private const int Length = 192;

    /// <returns>Null on other systems and older kernels (before 4.10), and when the connection has ended.</returns>
    public static LinkProgress? Of(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) return null;
        Span<byte> info = stackalloc byte[Length];
        try
        {
            if (socket.GetRawSocketOption(Tcp, TcpInfo, info) < Length) return null;
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            return null;
        }
        var microseconds = Read(info, BusyAt) - Read(info, ReceiverLimitedAt) - Read(info, BufferLimitedAt);
        return new LinkProgress(Read(info, AcknowledgedAt), TimeSpan.FromMicroseconds(microseconds), IsFull(info));
    }

    /// <summary>
    /// Segments, not bytes. The kernel holds back up to a third of the window until it is worth a burst (tcp_tso_should_defer), and under BBR only half of it is ever under way.
    /// </summary>
    private static bool IsFull(ReadOnlySpan<byte> info) => ReadInt(info, NotSentAt) > 0 && 3L * ReadInt(info, UnderWayAt) >= ReadInt(info, WindowAt);

    private static long Read(ReadOnlySpan<byte> info, int at) => MemoryMarshal.Read<long>(info[at..]);

    private static uint ReadInt(ReadOnlySpan<byte> info, int at) => MemoryMarshal.Read<uint>(info[at..]);
}
