namespace SwarmFS.Mount;

/// <summary>What statfs(2) tells, kept up to date by others: some programs ask per file, so reading it is free.</summary>
public interface IMountFigures
{
    /// <summary>Bytes that the cache may hold.</summary>
    long CapacityBytes { get; }

    /// <summary>Bytes that the cache holds now.</summary>
    long UsedBytes { get; }
}

internal sealed class NoFigures : IMountFigures
{
    public long CapacityBytes => 0;

    public long UsedBytes => 0;
}
