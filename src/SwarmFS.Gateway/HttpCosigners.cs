using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Transparency;

namespace SwarmFS.Gateway;

/// <summary>
/// The witnesses of a policy that have a URL, asked over HTTP all at once. What comes before the quorum holds is enough: the others are not waited for.
/// Disposing closes its connections.
/// </summary>
public sealed class HttpCosigners : ICosigners, IDisposable
{
    private readonly TlogPolicy _policy;
    private readonly VerifierKey _log;
    private readonly ILogger _logger;
    private readonly HttpMessageInvoker _http = HttpWitness.CreateClient();
    private readonly List<HttpWitness> _witnesses = [];

    /// <param name="policy">Whose quorum is wanted; one that names logs must name this one.</param>
    /// <param name="log">Whose checkpoints are to be cosigned.</param>
    public HttpCosigners(TlogPolicy policy, VerifierKey log, TimeProvider time, ILoggerFactory loggers)
    {
        (_policy, _log, _logger) = (policy, log, loggers.CreateLogger("SwarmFS.Gateway"));
        foreach (var witness in policy.Witnesses)
        {
            if (HttpWitness.TryParsePrefix(witness.Url, out var prefix)) _witnesses.Add(new HttpWitness(witness.Key, prefix!, _http, time));
            else GatewayLog.NotCosigned(_logger, witness.Key.Name, "the policy has no URL of it that could be asked");
        }
    }

    public async Task<IReadOnlyList<NoteSignature>> GatherAsync(CosigningRequest request, CancellationToken cancellationToken)
    {
        var gathered = new List<NoteSignature>();
        if (Bare(request.Note) is not { } note || _policy.Evaluate(note, _log).IsMet) return gathered;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = _witnesses.Select(async witness => (witness.Key, Reply: await AskAsync(witness, request, enough.Token))).ToList();
        await foreach (var answered in Task.WhenEach(asked))
        {
            var (key, reply) = await answered;
            if (reply.IsCosigned)
            {
                gathered.Add(reply.Cosignature);
                note = note.With(reply.Cosignature);
                if (_policy.Evaluate(note, _log).IsMet) await enough.CancelAsync();
            }
            else if (!enough.IsCancellationRequested)
            {
                GatewayLog.NotCosigned(_logger, key.Name, reply.Reason);
            }
        }
        cancellationToken.ThrowIfCancellationRequested();
        return gathered;
    }

    /// <summary>The checkpoint without what witnesses said of it earlier: when cosignatures are renewed, the old ones do not count. Null when the log did not sign it.</summary>
    private SignedNote? Bare(SignedNote note) => note.Signatures.FirstOrDefault(signature => signature.IsOf(_log)) is { } own ? SignedNote.Of(note.Text, own) : null;

    private static async Task<WitnessReply> AskAsync(HttpWitness witness, CosigningRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await witness.CosignAsync(request, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new WitnessReply(Cosignature: null, "not waited for");
        }
    }

    public void Dispose() => _http.Dispose();
}
