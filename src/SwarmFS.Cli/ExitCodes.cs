namespace SwarmFS.Cli;

/// <summary>What a script learns from a command without reading its text.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>Refused or failed; standard error says what and why.</summary>
    public const int Failed = 1;

    /// <summary>The words typed make no sense.</summary>
    public const int Usage = 2;

    /// <summary>Ended by Ctrl-C: 128 + SIGINT, as shells expect.</summary>
    public const int Interrupted = 130;
}
