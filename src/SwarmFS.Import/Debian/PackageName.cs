namespace SwarmFS.Import;

/// <summary>The grammar of package names (Debian Policy 5.6.1): lower-case letters, digits, <c>+ - .</c>, beginning with a letter or digit.</summary>
internal static class PackageName
{
    /// <summary>A name becomes a directory name.</summary>
    private const int MaxLength = 200;

    /// <returns>Null when it is one; otherwise what is wrong, to stand after "package name '…'".</returns>
    public static string? Check(string name)
    {
        if (name.Length is 0 or > MaxLength) return $"has {name.Length} characters; 1 to {MaxLength} are allowed";
        if (!char.IsAsciiLetterLower(name[0]) && !char.IsAsciiDigit(name[0])) return "does not begin with a lower-case letter or a digit";
        foreach (var c in name)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('+' or '-' or '.'))
                return "has a character that package names do not have (lower-case letters, digits, '+', '-' and '.' are allowed)";
        return null;
    }
}
