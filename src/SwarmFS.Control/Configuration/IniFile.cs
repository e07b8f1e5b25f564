namespace SwarmFS.Control.Configuration;

/// <summary>A line of an INI file that says something.</summary>
internal readonly record struct IniLine(int Number, string Section, string Name, string Value);

/// <summary>
/// <code>
/// file    := line*
/// line    := blank | comment | "[" section "]" | name "=" value
/// comment := ("#" | ";") anything, at the start of a line alone
/// </code>
/// Blanks around names and values do not count. A section may come again.
/// </summary>
internal static class IniFile
{
    public static List<IniLine> Read(TextReader reader, Action<int, string> refuse)
    {
        var lines = new List<IniLine>();
        var section = "";
        for (var number = 1; reader.ReadLine() is { } raw; number++)
        {
            var line = raw.Trim();
            if (line.Length == 0 || line[0] is '#' or ';') continue;
            if (line[0] == '[')
            {
                if (line[^1] == ']') section = line[1..^1].Trim();
                else refuse(number, $"'{line}' opens a section but has no closing bracket");
                continue;
            }
            var equals = line.IndexOf('=');
            if (equals <= 0) refuse(number, $"'{line}' is neither [section] nor name = value");
            else lines.Add(new IniLine(number, section, line[..equals].TrimEnd(), line[(equals + 1)..].TrimStart()));
        }
        return lines;
    }
}
