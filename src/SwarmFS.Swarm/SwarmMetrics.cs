using System.Diagnostics.Metrics;

namespace SwarmFS.Swarm;

internal sealed class SwarmMetrics
{
    private readonly Counter<long> _asked;
    private readonly Counter<long> _blocksIn;
    private readonly Counter<long> _bytesIn;
    private readonly Counter<long> _blocksOut;
    private readonly Counter<long> _bytesOut;
    private readonly Counter<long> _savedIn;
    private readonly Counter<long> _savedOut;
    private readonly Counter<long> _hedges;
    private readonly Counter<long> _offences;
    private readonly Counter<long> _records;
    private readonly UpDownCounter<long> _connections;

    public SwarmMetrics(IMeterFactory factory)
    {
        var meter = factory.Create("SwarmFS.Swarm");
        _asked = meter.CreateCounter<long>("swarmfs.swarm.blocks.asked", "{block}", "Blocks asked of peers, hedges included.");
        _blocksIn = meter.CreateCounter<long>("swarmfs.swarm.blocks.received", "{block}", "Verified blocks that came from peers.");
        _bytesIn = meter.CreateCounter<long>("swarmfs.swarm.bytes.received", "By", "Bytes of verified blocks that came from peers.");
        _blocksOut = meter.CreateCounter<long>("swarmfs.swarm.blocks.sent", "{block}", "Blocks served to peers.");
        _bytesOut = meter.CreateCounter<long>("swarmfs.swarm.bytes.sent", "By", "Bytes of blocks served to peers.");
        _savedIn = meter.CreateCounter<long>("swarmfs.swarm.bytes.saved.received", "By", "Bytes that compression kept off the wire in what came from peers.");
        _savedOut = meter.CreateCounter<long>("swarmfs.swarm.bytes.saved.sent", "By", "Bytes that compression kept off the wire in what was served to peers.");
        _hedges = meter.CreateCounter<long>("swarmfs.swarm.hedges", "{block}", "Blocks asked of a second peer because the first was late.");
        _offences = meter.CreateCounter<long>("swarmfs.swarm.offences", "{offence}", "Connections closed because the peer broke the protocol or lied.");
        _records = meter.CreateCounter<long>("swarmfs.swarm.records.accepted", "{record}", "New announcements that came from peers.");
        _connections = meter.CreateUpDownCounter<long>("swarmfs.swarm.connections", "{connection}", "Open connections to peers.");
    }

    public void Asked(int blocks) => _asked.Add(blocks);

    public void Received(int bytes)
    {
        _blocksIn.Add(1);
        _bytesIn.Add(bytes);
    }

    public void Sent(long bytes, int blocks)
    {
        _blocksOut.Add(blocks);
        _bytesOut.Add(bytes);
    }

    public void SavedIn(long bytes) => _savedIn.Add(bytes);

    public void SavedOut(long bytes) => _savedOut.Add(bytes);

    public void Hedged() => _hedges.Add(1);

    public void Offended() => _offences.Add(1);

    public void RecordAccepted() => _records.Add(1);

    public void ConnectionOpened() => _connections.Add(1);

    public void ConnectionClosed() => _connections.Add(-1);
}
