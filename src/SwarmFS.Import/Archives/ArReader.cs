using System.Text;

namespace SwarmFS.Import;

/// <summary>One member of an ar archive; its content is valid until the next call of <see cref="ArReader.Next"/>.</summary>
internal sealed record ArMember(string Name, long Length, WindowStream Content);

/// <summary>
/// Reads the archive format of .deb files from front to back (ar(5), deb(5)).
/// <code>
/// ARCHIVE := "!&lt;arch&gt;\n" MEMBER*
/// MEMBER  := name[16] mtime[12] uid[6] gid[6] mode[8] size[10] "`\n" size × byte, and "\n" when the size is odd
/// </code>
/// Names are padded with blanks and may end with a slash; numbers are decimal. Long-name tables are refused: no .deb has one.
/// </summary>
internal sealed class ArReader
{
    private const int HeaderLength = 60;

    private readonly Stream _source;
    private ArMember? _current;

    /// <exception cref="ArchiveFormatException">It does not begin like an ar archive.</exception>
    public ArReader(Stream source)
    {
        _source = source;
        Span<byte> magic = stackalloc byte[8];
        if (source.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !magic.SequenceEqual("!<arch>\n"u8))
            throw new ArchiveFormatException("it is not an ar archive, so not a .deb");
    }

    /// <summary>The next member, or null at the end.</summary>
    /// <exception cref="ArchiveFormatException">The archive is damaged or cut off here.</exception>
    public ArMember? Next()
    {
        FinishCurrent();
        Span<byte> header = stackalloc byte[HeaderLength];
        var read = _source.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false);
        if (read == 0) return null;
        if (read < HeaderLength) throw new ArchiveFormatException("a member header is cut off, or bytes follow the last member");
        if (!header[58..].SequenceEqual("`\n"u8)) throw new ArchiveFormatException("a member header has no end mark, or bytes follow the last member");
        var name = Name(header[..16]);
        var length = Number(header[48..58]);
        _current = new ArMember(name, length, new WindowStream(_source, length, $"member '{name}'"));
        return _current;
    }

    private void FinishCurrent()
    {
        if (_current is not { } member) return;
        member.Content.Drain();
        _current = null;
        if (member.Length % 2 == 0) return;
        var padding = _source.ReadByte();
        // The last member's padding is left out by some writers; anything but a line feed is not padding.
        if (padding is not ('\n' or -1)) throw new ArchiveFormatException($"member '{member.Name}' is not padded with a line feed");
    }

    private static string Name(ReadOnlySpan<byte> field)
    {
        var name = field.TrimEnd((byte)' ');
        if (name.Length > 1 && name[^1] == '/') name = name[..^1];
        if (name.IsEmpty || name.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e) || name.Contains((byte)'/'))
            throw new ArchiveFormatException($"member name '{EscapedText.Of(name)}' is not allowed");
        return Encoding.ASCII.GetString(name);
    }

    private static long Number(ReadOnlySpan<byte> field)
    {
        var digits = field.TrimEnd((byte)' ');
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            throw new ArchiveFormatException($"member size '{EscapedText.Of(field)}' is not a decimal number");
        var value = 0L;
        foreach (var digit in digits) value = (value * 10) + (digit - '0');
        return value;
    }
}
