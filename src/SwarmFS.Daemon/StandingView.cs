namespace SwarmFS.Daemon;

/// <summary>A view by the words with which <c>swarmfs view</c> makes it.</summary>
/// <param name="Subject">NAME/VERSION, or the CID of a root.</param>
/// <param name="Directory">Null for the subject's own place.</param>
internal readonly record struct StandingView(string Subject, string? Directory)
{
    /// <param name="root">What it shows.</param>
    /// <param name="place">Where it stands.</param>
    public static StandingView Of(string mountPoint, string root, string place)
    {
        var packages = Path.Join(mountPoint, "pkgs") + "/";
        if (place.StartsWith(packages, StringComparison.Ordinal) && place[packages.Length..] is var name && name.Count('/') == 1) return new StandingView(name, null);
        return new StandingView(root, place == Path.Join(mountPoint, "cid", root) ? null : place);
    }

    public override string ToString() => Directory is null ? Subject : $"{Subject} {Directory}";
}
