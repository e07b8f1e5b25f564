using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

internal static class PeersCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("peers", "The peers that the node knows, and what went each way");
        context.AddExample(command, "swarmfs peers", "swarmfs peers --json");
        context.Ask(command, ControlRoutes.Peers, _ => new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.PeersReport, report =>
        {
            if (report.Peers.Count == 0) context.Terminal.Out.WriteLine("No peers yet. Name one with: swarmfs up --peer HOST:PORT");
            else Write(context.Terminal.Out, report.Peers);
        });
        return command;
    }

    internal static void Write(TextWriter output, IReadOnlyList<PeerReport> peers)
    {
        var rows = new List<string[]> { new[] { "NODE", "ADDRESS", "DIR", "STATE", "RTT", "RATE", "IN", "OUT", "NOTE" } };
        foreach (var peer in peers)
        {
            rows.Add([
                Show.Short(peer.NodeId), peer.Address ?? "-", peer.Direction ?? "-", peer.State, peer.RoundTripMilliseconds is { } rtt ? $"{rtt:f1} ms" : "-",
                $"{Show.Size((long)peer.Goodput)}/s", Show.Size(peer.BytesIn), Show.Size(peer.BytesOut), Note(peer),
            ]);
        }
        Show.Table(output, rows);
    }

    private static string Note(PeerReport peer)
    {
        if (peer.Why is { } why) return why;
        var saved = peer.BytesSavedIn + peer.BytesSavedOut;
        return saved > 0 ? $"{Show.Size(saved)} less on the wire by compression" : "";
    }
}
