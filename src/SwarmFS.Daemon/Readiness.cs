using System.Net.Sockets;
using System.Text;

namespace SwarmFS.Daemon;

/// <summary>Tells whoever started the node how it is, by the protocol of sd_notify(3): a datagram to the socket named in NOTIFY_SOCKET.</summary>
internal sealed class Readiness(string? notifySocket)
{
    public static Readiness OfProcess()
    {
        var readiness = new Readiness(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"));
        // Children (gpgv, dpkg) must not speak for the node.
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        return readiness;
    }

    public void Ready(string status) => Send($"READY=1\nSTATUS={status}\n");

    public void Stopping() => Send("STOPPING=1\n");

    private void Send(string message)
    {
        if (string.IsNullOrEmpty(notifySocket)) return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // A leading @ stands for the abstract namespace (unix(7)).
            var path = notifySocket[0] == '@' ? '\0' + notifySocket[1..] : notifySocket;
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            // Who asked to be told is gone; the node is as ready as before.
        }
    }
}
