using System.Net;
using System.Net.Sockets;

namespace SwarmFS.Swarm;

/// <summary>
/// Connects to that of a name's addresses which answers first (RFC 8305): the next is tried when one has failed or a quarter of a second has gone by, and the families take turns. So neither a dead
/// address nor a network without IPv6 keeps a peer away.
/// </summary>
internal sealed class ConnectionRace(TimeProvider time)
{
    /// <summary>RFC 8305, 5: the Connection Attempt Delay that it recommends.</summary>
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(250);

    /// <summary>Addresses of one name that are tried: a name may be somebody else's, and have thousands.</summary>
    private const int MaxAddresses = 16;

    /// <exception cref="SocketException">None of them could be reached.</exception>
    public async Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = new Queue<IPAddress>(InTurns(addresses).Take(MaxAddresses));
        List<Task<Socket>> running = [];
        Exception? failure = null;
        try
        {
            while (waiting.Count > 0 || running.Count > 0)
            {
                if (waiting.TryDequeue(out var next)) running.Add(ConnectAsync(new IPEndPoint(next, port), decided.Token));
                if (waiting.Count > 0) await HeadStartAsync(running, cancellationToken);
                else await Task.WhenAny(running);
                if (running.Find(attempt => attempt.IsCompleted) is not { } ended) continue;
                running.Remove(ended);
                if (ended.IsCompletedSuccessfully) return await ended;
                failure = ended.Exception?.InnerException;
            }
        }
        finally
        {
            await decided.CancelAsync();
            foreach (var loser in running) _ = HangUpAsync(loser);
        }
        cancellationToken.ThrowIfCancellationRequested();
        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

    public static async Task<Socket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The family that the resolver prefers begins.</summary>
    private static IEnumerable<IPAddress> InTurns(IReadOnlyList<IPAddress> addresses) =>
        addresses.GroupBy(address => address.AddressFamily).SelectMany(family => family.Index()).OrderBy(address => address.Index).Select(address => address.Item);

    private async Task HeadStartAsync(List<Task<Socket>> running, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pause = Task.Delay(HeadStart, time, enough.Token);
        await Task.WhenAny([.. running, pause]);
        await enough.CancelAsync();
    }

    private static async Task HangUpAsync(Task<Socket> loser)
    {
        try
        {
            (await loser).Dispose();
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException)
        {
            // Not connected anyway.
        }
    }
}
