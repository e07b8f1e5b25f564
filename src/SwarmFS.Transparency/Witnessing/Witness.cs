using System.Collections.Frozen;

namespace SwarmFS.Transparency;

/// <summary>
/// A witness (C2SP tlog-witness): cosigns a log's checkpoint when it extends the last one that it cosigned, and no other. Participants: logs, which submit; clients, which want cosignatures of several
/// witnesses; this one, which remembers one checkpoint a log. It knows no entries. Safe from any thread; the requests of one log run one after another.
/// </summary>
public sealed class Witness
{
    private readonly FrozenDictionary<string, WitnessedLog> _logs;

    /// <param name="logs">Keys that are trusted for the origin which is their name; several for one origin while a log changes its key.</param>
    public Witness(Cosigner cosigner, IEnumerable<VerifierKey> logs, IWitnessStore store, TimeProvider time) =>
        _logs = logs.GroupBy(key => key.Name).ToFrozenDictionary(keys => keys.Key, keys => new WitnessedLog([.. keys], cosigner, store, time));

    /// <summary>Answers add-checkpoint. The new state is on disk before a cosignature is returned.</summary>
    /// <param name="body">Of the request; one longer than <see cref="AddCheckpointRequest.MaxLength"/> need not be read to its end.</param>
    /// <exception cref="IOException">The store failed, or what it holds is damaged: no cosignature leaves, and the log may ask again.</exception>
    public WitnessAnswer AddCheckpoint(ReadOnlySpan<byte> body)
    {
        if (!AddCheckpointRequest.TryRead(body, out var request, out var error)) return new WitnessAnswer(WitnessOutcome.Malformed, error + "\n");
        if (!Checkpoint.TryRead(request.Note.Text, out var checkpoint, out error)) return new WitnessAnswer(WitnessOutcome.Malformed, error + "\n");
        return _logs.TryGetValue(checkpoint.Origin, out var log) ? log.Add(request, checkpoint) : new WitnessAnswer(WitnessOutcome.UnknownLog, "nothing is known of this log\n");
    }

    /// <summary>The last checkpoint cosigned of a log, with the log's signature and the cosignature; null when there is none. Monitors ask for it.</summary>
    /// <exception cref="IOException">The store failed, or what it holds is damaged.</exception>
    public SignedNote? Latest(string origin) => _logs.GetValueOrDefault(origin)?.Latest();
}
