namespace SwarmFS.Daemon.Requests;

/// <summary>A path of the tree that the mount shows, as a person wrote it: <c>[at/MOMENT/]pkgs/…</c> or <c>cid/…</c>.</summary>
/// <param name="Moment">Of the past that is looked at; null: now.</param>
/// <param name="Names">What follows: from <c>pkgs</c>, <c>cid</c> or <c>at</c> on.</param>
internal readonly record struct TreePath(string? Moment, string[] Names)
{
    public const string Forms = "Paths are pkgs/NAME/VERSION/…, at/DAY/pkgs/NAME/VERSION/… and cid/CID/….";

    public static TreePath Parse(string text)
    {
        var names = text.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return names is ["at", var moment, .. var below] ? new TreePath(moment, below) : new TreePath(null, names);
    }

    /// <summary>It leads to a package's tree, or into one.</summary>
    public bool IsInTree => Names is ["pkgs", _, _, ..] || (Moment is null && Names is ["cid", _, ..]);
}
