using System.Globalization;
using System.Net;
using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Transparency;

namespace SwarmFS.Gateway;

/// <summary>
/// Asks one witness over HTTP (C2SP tlog-witness, add-checkpoint) and believes nothing that it says: its cosignature is verified under the key that the policy names, everything else is a reason
/// for people. Memory and time of an answer are bounded. Safe from any thread.
/// </summary>
/// <param name="key">Of the witness.</param>
/// <param name="prefix">Its submission prefix (<see cref="TryParsePrefix"/>).</param>
/// <param name="http">Follows no redirects; stays the caller's.</param>
public sealed class HttpWitness(VerifierKey key, Uri prefix, HttpMessageInvoker http, TimeProvider time)
{
    /// <summary>All attempts together: an honest witness needs two, and a flush to disk for each.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    /// <summary>How far a witness's clock may be ahead of this one.</summary>
    public static readonly TimeSpan SkewMax = TimeSpan.FromMinutes(5);

    /// <summary>The expected size, the one that the witness told, and once more for one who was asked by another process in between.</summary>
    private const int AttemptsMax = 3;

    /// <summary>Bytes of an answer: room for 64 lines of the longest names.</summary>
    private const int AnswerMax = 32 << 10;

    private const string SizeType = "text/x.tlog.size";

    /// <summary>A line for people, of a stranger's making.</summary>
    private const int ReasonMax = 200;

    private readonly Uri _url = new($"{prefix.AbsoluteUri.TrimEnd('/')}/add-checkpoint");

    public VerifierKey Key => key;

    /// <summary>An absolute http or https URL without user, query and fragment.</summary>
    public static bool TryParsePrefix(string? text, out Uri? prefix) =>
        Uri.TryCreate(text, UriKind.Absolute, out prefix) && prefix.Scheme is "http" or "https"
        && prefix.UserInfo.Length == 0 && prefix.Query.Length == 0 && prefix.Fragment.Length == 0;

    /// <summary>What <see cref="HttpWitness"/> needs of its way into the net. The caller disposes it.</summary>
    public static HttpMessageInvoker CreateClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = Within,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = AnswerMax,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
    });

    /// <summary>Submits a checkpoint; when the witness has seen another size than expected, once more with the proof from there. Fails only when cancelled.</summary>
    public async Task<WitnessReply> CosignAsync(CosigningRequest request, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await AskAsync(request, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Refuse($"no answer within {Within.TotalSeconds} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return Refuse(e.Message);
        }
    }

    private async Task<WitnessReply> AskAsync(CosigningRequest request, CancellationToken cancellationToken)
    {
        if (!Checkpoint.TryRead(request.Note.Text, out var checkpoint, out var error)) return Refuse($"what it should cosign is no checkpoint: {error}");
        var old = request.OldSize;
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var body = new AddCheckpointRequest(old, request.Prove(old), request.Note).ToBytes();
            using var message = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new ByteArrayContent(body) };
            using var response = await http.SendAsync(message, cancellationToken);
            var answer = await ReadAsync(response, cancellationToken);
            if (response.StatusCode == HttpStatusCode.OK) return answer is null ? Refuse("its answer is too long or not UTF-8") : Take(answer, request.Note);
            if (response.StatusCode != HttpStatusCode.Conflict || response.Content.Headers.ContentType?.MediaType != SizeType) return Refuse(Explain(response.StatusCode, answer));
            if (!TryParseSize(answer, out var size)) return Refuse("the size that it tells is malformed");
            if (size == old) return Refuse($"it has seen {size} entries with another root");
            if (size > checkpoint.Size) return Refuse($"it has seen {size} entries of this log, which now has only {checkpoint.Size}");
            old = size;
        }
        return Refuse("the size that it has seen changes with every question");
    }

    /// <summary>Takes the witness's own cosignature out of the lines of an answer; others in it are of no interest.</summary>
    private WitnessReply Take(string answer, SignedNote note)
    {
        foreach (var line in answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(SignedNote.MaxSignatures))
        {
            if (!NoteSignature.TryParse(line, out var signature)) return Refuse("its answer is not made of signatures");
            if (!signature.IsOf(key)) continue;
            if (!note.With(signature).TryGetCosignatureTime(key, out var seen)) return Refuse("the cosignature is not its");
            if (seen > time.GetUtcNow() + SkewMax) return Refuse($"the cosignature is of {seen:u}, which is to come");
            return new WitnessReply(signature, Reason: null);
        }
        return Refuse($"no cosignature in the name of {key.Name} is in its answer");
    }

    /// <returns>Null when it is longer than allowed, or not UTF-8.</returns>
    private static async Task<string?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[AnswerMax + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        var answer = buffer.AsSpan(0, length);
        return length <= AnswerMax && System.Text.Unicode.Utf8.IsValid(answer) ? Encoding.UTF8.GetString(answer) : null;
    }

    private static bool TryParseSize(string? answer, out long size)
    {
        size = 0;
        return answer is [.. var digits, '\n'] && digits is ['0'] or [>= '1' and <= '9', ..] && !digits.AsSpan().ContainsAnyExceptInRange('0', '9')
            && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out size);
    }

    private static string Explain(HttpStatusCode status, string? answer)
    {
        var said = new string([.. (answer ?? "").TakeWhile(letter => letter != '\n').Where(letter => !char.IsControl(letter)).Take(ReasonMax)]);
        return $"it answers {(int)status}{(said.Length > 0 ? $": {said}" : "")}";
    }

    private static WitnessReply Refuse(string reason) => new(Cosignature: null, reason);
}
