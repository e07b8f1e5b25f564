using System.Text;

namespace SwarmFS.Core;

/// <summary>A path within a tree as the builder takes it: relative, names separated by '/', empty or "." for the root; "./" before and '/' behind are tolerated.</summary>
internal static class TreePath
{
    /// <exception cref="InvalidTreeException">Not such a path; the message names it.</exception>
    public static ReadOnlySpan<byte> Normalise(ReadOnlySpan<byte> path)
    {
        if (path.Length > Limits.PathLength) throw new InvalidTreeException($"The path '{Show(path[..64])}…' has {path.Length} bytes; at most {Limits.PathLength} are allowed.");
        if (!path.IsEmpty && path[0] == '/') throw new InvalidTreeException($"The path '{Show(path)}' is absolute; paths of a tree are relative to its root.");
        var rest = path;
        if (rest.StartsWith("./"u8)) rest = rest[2..];
        if (rest.EndsWith("/"u8)) rest = rest[..^1];
        if (rest.SequenceEqual("."u8)) rest = [];
        foreach (var part in rest.Split((byte)'/'))
        {
            if (rest.IsEmpty) break;
            var name = rest[part];
            if (!EntryName.IsValid(name)) throw new InvalidTreeException($"The path '{Show(path)}' holds {Reason(name)}.");
        }
        return rest;
    }

    /// <summary>For messages: what is not printable ASCII becomes \xNN, so that a hostile name cannot steer a terminal.</summary>
    public static string Show(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder(path.Length);
        foreach (var value in path)
        {
            if (value is >= 0x20 and < 0x7f) text.Append((char)value);
            else text.Append($"\\x{value:x2}");
        }
        return text.ToString();
    }

    private static string Reason(ReadOnlySpan<byte> name) => name switch
    {
        [] => "an empty name",
        { Length: > Limits.NameLength } => $"a name of {name.Length} bytes; at most {Limits.NameLength} are allowed",
        [(byte)'.'] => "'.' within it",
        [(byte)'.', (byte)'.'] => "'..', which climbs out",
        _ => "a NUL",
    };
}
