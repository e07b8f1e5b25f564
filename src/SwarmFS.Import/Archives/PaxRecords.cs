using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// What the extended header before an entry says about it (POSIX.1-2017, pax, "Extended Header Keywords").
/// <code>RECORD := length ' ' keyword '=' value '\n'</code>
/// where length is decimal and counts the whole record. Keywords that do not enter a tree are skipped; GNU's sparse files are refused, since a reader that
/// skips their keywords would take the packed form for the content.
/// </summary>
internal sealed class PaxRecords
{
    private const string XattrPrefix = "SCHILY.xattr.";

    public byte[]? Path { get; private set; }

    public byte[]? LinkPath { get; private set; }

    public long? Size { get; private set; }

    public long? Uid { get; private set; }

    public long? Gid { get; private set; }

    public (long Seconds, int Nanoseconds)? Mtime { get; private set; }

    public List<Xattr> Xattrs { get; } = [];

    /// <exception cref="ArchiveFormatException">A record is malformed, or asks for something that has no place in a package.</exception>
    public static PaxRecords Parse(ReadOnlySpan<byte> data)
    {
        var records = new PaxRecords();
        while (!data.IsEmpty)
        {
            var length = TakeLength(data, out var blank);
            var record = data[(blank + 1)..(length - 1)];
            if (data[length - 1] != '\n') throw new ArchiveFormatException("an extended header record does not end with a line feed");
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0) throw new ArchiveFormatException("an extended header record has no keyword");
            records.Apply(record[..equals], record[(equals + 1)..]);
            data = data[length..];
        }
        return records;
    }

    private static int TakeLength(ReadOnlySpan<byte> data, out int blank)
    {
        blank = data.IndexOf((byte)' ');
        // Seven digits hold any length below the bound of a header.
        if (blank is < 1 or > 7 || data[..blank].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            throw new ArchiveFormatException("an extended header record has no length");
        var length = 0;
        foreach (var digit in data[..blank]) length = (length * 10) + (digit - '0');
        if (length > data.Length || length < blank + 4) throw new ArchiveFormatException("an extended header record's length does not fit its header");
        return length;
    }

    private void Apply(ReadOnlySpan<byte> keyword, ReadOnlySpan<byte> value)
    {
        var name = Encoding.Latin1.GetString(keyword);
        switch (name)
        {
            case "path":
                Path = value.ToArray();
                break;
            case "linkpath":
                LinkPath = value.ToArray();
                break;
            case "size":
                Size = Integer(value, name);
                break;
            case "uid":
                Uid = Integer(value, name);
                break;
            case "gid":
                Gid = Integer(value, name);
                break;
            case "mtime":
                Mtime = Time(value);
                break;
            default:
                if (name.StartsWith("GNU.sparse.", StringComparison.Ordinal)) throw new ArchiveFormatException("sparse files are not supported");
                if (name.StartsWith(XattrPrefix, StringComparison.Ordinal)) AddXattr(keyword[XattrPrefix.Length..], value);
                break;
        }
    }

    private void AddXattr(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.Length is 0 or > Limits.XattrNameLength || name.Contains((byte)0) || value.Length > Limits.XattrValueLength)
            throw new ArchiveFormatException($"extended attribute '{EscapedText.Of(name)}' is longer than a file system takes");
        if (Xattrs.Count == Limits.XattrsPerEntry) throw new ArchiveFormatException($"an entry has more than {Limits.XattrsPerEntry} extended attributes");
        foreach (var other in Xattrs)
            if (other.Name.Span.SequenceEqual(name)) throw new ArchiveFormatException($"extended attribute '{EscapedText.Of(name)}' stands twice");
        Xattrs.Add(new Xattr(name.ToArray(), value.ToArray()));
    }

    private static long Integer(ReadOnlySpan<byte> value, string keyword)
    {
        if (value.Length is 0 or > 18 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            throw new ArchiveFormatException($"'{keyword}' of an extended header is not a whole number");
        var number = 0L;
        foreach (var digit in value) number = (number * 10) + (digit - '0');
        return number;
    }

    /// <summary>Seconds with a decimal fraction. Below zero the whole number counts back and the fraction too, so it is turned to count forward.</summary>
    private static (long Seconds, int Nanoseconds) Time(ReadOnlySpan<byte> value)
    {
        var negative = value.StartsWith("-"u8);
        if (negative) value = value[1..];
        var point = value.IndexOf((byte)'.');
        var seconds = Integer(point < 0 ? value : value[..point], "mtime");
        var fraction = point < 0 ? [] : value[(point + 1)..];
        if (fraction.ContainsAnyExceptInRange((byte)'0', (byte)'9')) throw new ArchiveFormatException("'mtime' of an extended header is not a time");
        var nanoseconds = 0;
        for (var digit = 0; digit < 9; digit++) nanoseconds = (nanoseconds * 10) + (digit < fraction.Length ? fraction[digit] - '0' : 0);
        if (!negative) return (seconds, nanoseconds);
        return nanoseconds == 0 ? (-seconds, 0) : (-seconds - 1, 1_000_000_000 - nanoseconds);
    }
}
