namespace SwarmFS.Transparency;

/// <summary>How add-checkpoint ends; the values are the HTTP status codes of C2SP tlog-witness.</summary>
public enum WitnessOutcome
{
    Cosigned = 200,

    /// <summary>Not a request, or the old size is above the checkpoint's.</summary>
    Malformed = 400,

    /// <summary>No key of the log signed the checkpoint, or a signature under the name of one is false.</summary>
    NotSigned = 403,

    UnknownLog = 404,

    /// <summary>The old size is not that of the last checkpoint cosigned; the body tells that one.</summary>
    OldSizeDiffers = 409,

    /// <summary>The checkpoint is not shown to extend the last one cosigned.</summary>
    Inconsistent = 422,
}

/// <summary>What a witness answers.</summary>
/// <param name="Body">A cosignature's line, a size, or a reason; ends with a line feed.</param>
/// <param name="Evidence">That the log signed two trees that contradict each other, when the request gave it away.</param>
public sealed record WitnessAnswer(WitnessOutcome Outcome, string Body, ForkEvidence? Evidence = null)
{
    public int StatusCode => (int)Outcome;

    /// <summary>Of the body, for HTTP.</summary>
    public string ContentType => Outcome == WitnessOutcome.OldSizeDiffers ? "text/x.tlog.size" : "text/plain; charset=utf-8";
}
