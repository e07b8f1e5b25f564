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

    public async Task<Cosignatures> GatherAsync(CosigningRequest request, CancellationToken cancellationToken)
    {
        // When cosignatures are renewed, the old ones do not count.
        if (request.Note.BareOf(_log) is not { } note || _policy.Evaluate(note, _log).IsMet) return new Cosignatures([], []);
        var (signatures, refusals) = (new List<NoteSignature>(), new List<string>());
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = _witnesses.Select(async witness => (witness.Key, Reply: await AskAsync(witness, request, enough.Token))).ToList();
        await foreach (var answered in Task.WhenEach(asked))
        {
            var (key, reply) = await answered;
            if (reply.IsCosigned)
            {
                signatures.Add(reply.Cosignature);
                note = note.With(reply.Cosignature);
                if (_policy.Evaluate(note, _log).IsMet) await enough.CancelAsync();
            }
            else if (!enough.IsCancellationRequested)
            {
                GatewayLog.NotCosigned(_logger, key.Name, reply.Reason);
                refusals.Add($"{key.Name}: {reply.Reason.TrimEnd('.')}");
            }
        }
        cancellationToken.ThrowIfCancellationRequested();
        return new Cosignatures(signatures, refusals);
    }

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
