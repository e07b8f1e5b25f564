using System.Net;
using System.Net.Sockets;

namespace SwarmFS.Swarm.Tests;

/// <summary>What the kernel's counters say of a path, with real sockets.</summary>
public sealed class TcpProgressTests
{
    /// <summary>The receiver takes 200 KB each 25 ms, so that 8 MB/s arrive over a path that takes gigabytes: packing would only give it more to do.</summary>
    [Fact]
    public async Task A_receiver_that_takes_its_time_is_no_slow_path()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await sender.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
        using var receiver = await listener.AcceptAsync(cancellationToken);
        var compression = new CompressionSwitch(uploadBytesPerSecond: null);
        var (sent, taken) = (new byte[200_000], new byte[200_000]);

        for (var round = 0; round < 40; round++)
        {
            await sender.SendAsync(sent, cancellationToken);
            compression.Written(TcpProgress.Of(sender));
            await Task.Delay(25, cancellationToken);
            for (var at = 0; at < taken.Length;) at += await receiver.ReceiveAsync(taken.AsMemory(at), cancellationToken);

            compression.LevelFor(roundTrip: 0.0001).ShouldBe(0);
        }
        TcpProgress.Of(sender)!.Value.Sending.ShouldBeGreaterThan(TimeSpan.FromMilliseconds(100), "or this has shown nothing: the kernel no longer waits with confirming");
    }
}
