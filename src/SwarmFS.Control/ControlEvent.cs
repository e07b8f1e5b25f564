using System.Text.Json;

namespace SwarmFS.Control;

/// <summary>One line of an answer: exactly one member is set.</summary>
public sealed record ControlEvent(ProgressReport? Progress = null, JsonElement? Result = null, ControlError? Error = null);

/// <summary>How far long work has come.</summary>
/// <param name="Stage">What is being done, as a person reads it: "fetching", "unpacking".</param>
/// <param name="Total">0 while it is not known.</param>
/// <param name="Unit">What <paramref name="Done"/> counts: "bytes", "blocks", "entries".</param>
public sealed record ProgressReport(string Stage, string Subject, long Done, long Total, string Unit);

/// <summary>Why something was not done.</summary>
/// <param name="Code">One of <see cref="ControlErrors"/>.</param>
/// <param name="Message">What failed, on what, and why.</param>
/// <param name="Remedy">What to do about it, where something can be done.</param>
public sealed record ControlError(string Code, string Message, string? Remedy = null);

/// <summary>The kinds of error; a program decides by them, a person reads the message.</summary>
public static class ControlErrors
{
    /// <summary>The request makes no sense: exit code 2.</summary>
    public const string Usage = "usage";

    /// <summary>It was understood and is not allowed, or its input is not trustworthy: exit code 1.</summary>
    public const string Refused = "refused";

    /// <summary>There is no such package, path or block: exit code 1.</summary>
    public const string NotFound = "not-found";

    /// <summary>The content could not be had in time from any source: exit code 1.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>Anything else: exit code 1.</summary>
    public const string Failed = "failed";
}
