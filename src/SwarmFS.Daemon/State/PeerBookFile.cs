using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using SwarmFS.Swarm;

namespace SwarmFS.Daemon.State;

/// <summary>
/// Remembered peers in a text file, replaced whole: <c>line := ADDRESS:PORT " " node-id " " unix-seconds</c>. A line that does not parse is skipped; a book that cannot be
/// read or written costs nothing but the memory.
/// </summary>
internal sealed class PeerBookFile(string path, ILogger log) : IPeerBook
{
    /// <summary>Lines that are looked at: the swarm keeps 256.</summary>
    private const int LinesMax = 1024;

    private readonly Lock _saving = new();

    public IReadOnlyList<RememberedPeer> Load()
    {
        try
        {
            return [.. File.ReadLines(path).Take(LinesMax).Select(TryRead).OfType<RememberedPeer>().OrderByDescending(peer => peer.LastSeen)];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.PeerBookUnreadable(path, e.Message);
            return [];
        }
    }

    public void Save(IReadOnlyList<RememberedPeer> peers)
    {
        var text = new StringBuilder();
        foreach (var peer in peers) text.Append(CultureInfo.InvariantCulture, $"{peer.Address} {peer.Id} {peer.LastSeen.ToUnixTimeSeconds()}\n");
        lock (_saving)
        {
            try
            {
                File.WriteAllText(path + ".new", text.ToString());
                File.Move(path + ".new", path, overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.PeerBookNotWritten(path, e.Message);
            }
        }
    }

    private static RememberedPeer? TryRead(string line)
    {
        var parts = line.Split(' ');
        if (parts.Length != 3 || !IPEndPoint.TryParse(parts[0], out var address) || address.Port == 0 || !NodeId.TryParse(parts[1], out var id)) return null;
        // 253402300799 is the last second of the year 9999, the last that a DateTimeOffset holds.
        var isTime = long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 253402300799;
        return isTime ? new RememberedPeer(address, id, DateTimeOffset.FromUnixTimeSeconds(seconds)) : null;
    }
}
