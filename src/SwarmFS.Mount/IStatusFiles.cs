namespace SwarmFS.Mount;

/// <summary>One file below <c>.status/</c>.</summary>
/// <param name="Name">A plain file name, <c>peers.json</c> say.</param>
/// <param name="Render">Makes the content as it is now: small, quick, from memory; called on a thread that must not wait, at most ten times a second.</param>
public sealed record StatusFile(string Name, Func<byte[]> Render);

/// <summary>What <c>.status/</c> holds. The list is fixed for the life of the mount.</summary>
public interface IStatusFiles
{
    IReadOnlyList<StatusFile> Files { get; }
}

/// <summary>A <c>.status/</c> with these files.</summary>
public sealed class StatusFiles(IReadOnlyList<StatusFile> files) : IStatusFiles
{
    public static StatusFiles None { get; } = new([]);

    public IReadOnlyList<StatusFile> Files { get; } = files;
}
