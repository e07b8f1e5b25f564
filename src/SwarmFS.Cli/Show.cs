using System.Globalization;
using System.Text;
using SwarmFS.Control;

namespace SwarmFS.Cli;

/// <summary>Figures and tables as a person reads them.</summary>
internal static class Show
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    public static string Size(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? $"{bytes} B" : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {Units[unit]}");
    }

    /// <summary>Text from a stranger's file, without what would move a terminal's cursor.</summary>
    public static string Safe(string text) => PathText.FromBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>Long ids by their first twelve characters: enough to tell them apart, and to search the JSON for the rest.</summary>
    public static string Short(string? id) => id is null ? "?" : id.Length > 12 ? id[..12] + "…" : id;

    /// <summary>A root by its last ten characters: the first ones are alike in all CIDs.</summary>
    public static string ShortCid(string cid) => cid.Length > 10 ? "…" + cid[^10..] : cid;

    /// <summary>Columns as wide as their widest cell, two blanks apart; the first row is the heading.</summary>
    public static void Table(TextWriter writer, IReadOnlyList<string[]> rows)
    {
        var widths = new int[rows[0].Length];
        foreach (var row in rows)
            for (var column = 0; column < row.Length; column++) widths[column] = Math.Max(widths[column], row[column].Length);
        foreach (var row in rows)
            writer.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
