using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>The witnesses of a policy, as a log asks them (C2SP tlog-witness). What they answer is verified by whoever asked.</summary>
public interface ICosigners
{
    /// <summary>Asks all of them at once and gives what came in time. Fails only when cancelled.</summary>
    Task<Cosignatures> GatherAsync(CosigningRequest request, CancellationToken cancellationToken);
}

/// <summary>What witnesses answered.</summary>
/// <param name="Refusals">Of those that gave no cosignature: the name and why, one line each.</param>
public sealed record Cosignatures(IReadOnlyList<NoteSignature> Signatures, IReadOnlyList<string> Refusals);

/// <summary>A checkpoint to be cosigned.</summary>
/// <param name="Note">Signed by the log.</param>
/// <param name="OldSize">What a witness should have seen last; equal to the checkpoint's size when only the time is to be renewed.</param>
/// <param name="Prove">The consistency proof from a size up to that of the checkpoint: a witness may have seen another than the expected one (it answers 409 with it).</param>
public sealed record CosigningRequest(SignedNote Note, long OldSize, Func<long, IReadOnlyList<Sha256Digest>> Prove);
