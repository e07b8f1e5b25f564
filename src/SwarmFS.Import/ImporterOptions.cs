namespace SwarmFS.Import;

/// <summary>Where an importer keeps what it must remember, and where the system's sources are.</summary>
public sealed record ImporterOptions
{
    /// <summary>Absolute path of a directory that is this importer's alone: what each suite last said, and temporary files. Made when missing.</summary>
    public required string StateDirectory { get; init; }

    public AptPaths Apt { get; init; } = new();
}
