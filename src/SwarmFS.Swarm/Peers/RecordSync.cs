using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>How far one connection has come in exchanging announcements.</summary>
internal sealed class RecordCursor
{
    /// <summary>Our request that is open there; 0: none.</summary>
    public uint OpenRequest { get; set; }

    /// <summary>The next number to ask for.</summary>
    public long Next { get; set; }

    /// <summary>Answers in a row of which nothing was accepted.</summary>
    public int Fruitless { get; set; }

    /// <summary>The peer's request that waits for our log to grow.</summary>
    public (uint RequestId, GetRecords Request)? Parked { get; set; }
}

/// <summary>
/// Carries announcements: each side has one GET_RECORDS open at the other, which is answered as soon as there is something new. What is accepted here is in our log
/// and goes on to our other peers the same way.
/// </summary>
internal sealed class RecordSync(IAnnouncementLog log, SwarmMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>After answers of which nothing was accepted a peer is asked again only so much later: what we do not keep, or have, must not keep us busy.</summary>
    private static readonly TimeSpan FruitlessPause = TimeSpan.FromSeconds(1);

    /// <summary>So many may follow one another before: a peer says again what it has from us, and what it has to say next is news.</summary>
    private const int FruitlessAtOnce = 3;

    private readonly Lock _gate = new();

    public void Start(PeerConnection connection, long next)
    {
        connection.RecordCursor.Next = next;
        AskNext(connection);
    }

    private static void AskNext(PeerConnection connection)
    {
        var cursor = connection.RecordCursor;
        cursor.OpenRequest = connection.Lane.NextRequestId();
        connection.Send(cursor.OpenRequest, new GetRecords(cursor.Next, WireLimits.RecordsPerMessage));
    }

    public void Asked(PeerConnection connection, uint requestId, GetRecords request)
    {
        lock (_gate)
        {
            connection.RecordCursor.Parked = (requestId, request);
            AnswerParked(connection);
        }
    }

    /// <summary>Our log has grown.</summary>
    public void Grown(IEnumerable<PeerConnection> connections)
    {
        lock (_gate)
        {
            foreach (var connection in connections) AnswerParked(connection);
        }
    }

    private void AnswerParked(PeerConnection connection)
    {
        if (connection.RecordCursor.Parked is not { } parked || parked.Request.First >= log.Count) return;
        var items = new List<ReadOnlyMemory<byte>>();
        var next = log.Read(parked.Request.First, parked.Request.Max, items);
        if (items.Count == 0) return;
        connection.RecordCursor.Parked = null;
        connection.Send(parked.RequestId, new Records(next, [.. items]));
    }

    /// <returns>An offence, or null.</returns>
    public string? Arrived(PeerConnection connection, uint requestId, Records records)
    {
        var cursor = connection.RecordCursor;
        if (cursor.OpenRequest == 0 || requestId != cursor.OpenRequest) return "announcements that were not asked for";
        if (records.Items.Length == 0 || records.Next <= cursor.Next) return "an answer without announcements";
        cursor.OpenRequest = 0;
        var accepted = 0;
        foreach (var item in records.Items)
        {
            switch (log.Offer(item))
            {
                case AnnouncementVerdict.Invalid: return "an invalid announcement";
                case AnnouncementVerdict.Accepted: accepted++; break;
                case AnnouncementVerdict.Declined or AnnouncementVerdict.Known: break;
            }
        }
        for (var i = 0; i < accepted; i++) metrics.RecordAccepted();
        SwarmLog.RecordsReceived(logger, connection.Peer, records.Items.Length, accepted);
        cursor.Next = records.Next;
        cursor.Fruitless = accepted > 0 ? 0 : cursor.Fruitless + 1;
        if (cursor.Fruitless <= FruitlessAtOnce) AskNext(connection);
        else _ = AskLaterAsync(connection);
        return null;
    }

    private async Task AskLaterAsync(PeerConnection connection)
    {
        await Task.Delay(FruitlessPause, time);
        AskNext(connection);
    }
}
