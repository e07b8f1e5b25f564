using SwarmFS.Catalog;

namespace SwarmFS.Import;

/// <summary>What package names and versions of Debian may look like (Debian Policy 5.6.1 and 5.6.12). How versions order is <see cref="DebianVersion"/>'s.</summary>
internal static class DebianGrammar
{
    /// <returns>Null when it is a name; otherwise what is wrong with it, as a clause.</returns>
    public static string? CheckName(string name)
    {
        if (name.Length is 0 or > PackageNames.NameLengthMax) return $"the package name has {name.Length} characters; 1 to {PackageNames.NameLengthMax} are allowed";
        if (!char.IsAsciiLetterLower(name[0]) && !char.IsAsciiDigit(name[0])) return $"the package name '{EscapedText.Of(name)}' does not begin with a lower-case letter or a digit";
        foreach (var c in name)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('+' or '-' or '.'))
                return $"the package name '{EscapedText.Of(name)}' has a character other than lower-case letters, digits, '+', '-' and '.'";
        return null;
    }

    /// <param name="version"><c>[epoch:]upstream[-revision]</c>, upstream beginning with a digit.</param>
    /// <returns>Null when it is a version; otherwise what is wrong with it, as a clause.</returns>
    public static string? CheckVersion(string version)
    {
        var reason = Fault(version);
        return reason is null ? null : $"the version '{EscapedText.Of(version)}' {reason}";
    }

    private static string? Fault(string version)
    {
        if (version.Length == 0 || PackageNames.ToPathVersion(version).Length > PackageNames.VersionLengthMax)
            return $"is empty or, with colons written %3a, longer than {PackageNames.VersionLengthMax} characters";
        var colon = version.IndexOf(':');
        if (colon >= 0 && !int.TryParse(version.AsSpan(0, colon), System.Globalization.NumberStyles.None, null, out _))
            return "has an epoch that is not a number below 2^31";
        var upstream = version.AsSpan(colon + 1);
        var hyphen = upstream.LastIndexOf('-');
        var revision = hyphen < 0 ? [] : upstream[(hyphen + 1)..];
        if (hyphen >= 0) upstream = upstream[..hyphen];
        if (hyphen >= 0 && revision.IsEmpty) return "has an empty revision";
        if (upstream.IsEmpty || !char.IsAsciiDigit(upstream[0])) return "does not begin with a digit";
        foreach (var c in upstream)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '+' or '-' or '~' or ':')) return "has a character that versions do not have";
        foreach (var c in revision)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '+' or '~')) return "has a character that revisions do not have";
        return null;
    }
}
