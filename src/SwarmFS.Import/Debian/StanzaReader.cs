using System.Text;

namespace SwarmFS.Import;

/// <summary>
/// Reads paragraphs of fields (deb822(5)) from front to back, strictly, holding one at a time.
/// <code>
/// FILE   := "\n"* (STANZA "\n"+)*
/// STANZA := FIELD+
/// FIELD  := name ":" value "\n" ((" " | "\t") value "\n")*     name: printable ASCII without ':', not beginning with '#' or '-'; value without NUL
/// </code>
/// A name may stand once in a stanza. Does not own the stream.
/// </summary>
internal sealed class StanzaReader(Stream source)
{
    /// <summary>Bytes of one stanza. The largest of Debian's Packages has 40 KiB; a Release file, the largest of all, is bounded to 1 MiB as a whole.</summary>
    private const int MaxStanza = 1 << 20;

    /// <summary>Fields of one stanza; Debian's have about 30.</summary>
    private const int MaxFields = 256;

    private readonly StanzaField[] _fields = new StanzaField[MaxFields];
    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;
    private bool _ended;
    private long _number;

    /// <summary>False at the end of the file.</summary>
    /// <exception cref="ArchiveFormatException">It is malformed here; the message counts the stanza from 1.</exception>
    public bool Next(out Stanza stanza)
    {
        stanza = default;
        if (!SkipEmptyLines()) return false;
        _number++;
        var length = FindEnd();
        var text = _buffer.AsSpan(_start, length);
        var count = Parse(text);
        stanza = new Stanza(text, _fields.AsSpan(0, count));
        _start += length;
        return true;
    }

    private bool SkipEmptyLines()
    {
        while (true)
        {
            while (_start < _end && _buffer[_start] == '\n') _start++;
            if (_start < _end) return true;
            if (!Fill()) return false;
        }
    }

    /// <summary>The length of the stanza that begins at <see cref="_start"/>, its last line feed included.</summary>
    private int FindEnd()
    {
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf("\n\n"u8);
            if (found >= 0) return searched + found + 1;
            searched = Math.Max(0, _end - _start - 1);
            if (Fill()) continue;
            if (_buffer[_end - 1] != '\n') throw Malformed("does not end with a line feed: the file is cut off");
            return _end - _start;
        }
    }

    private bool Fill()
    {
        if (_ended) return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= MaxStanza) throw Malformed($"is longer than {MaxStanza} bytes");
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        var read = source.Read(_buffer.AsSpan(_end));
        _end += read;
        _ended = read == 0;
        return !_ended;
    }

    private int Parse(ReadOnlySpan<byte> text)
    {
        if (text.Contains((byte)0)) throw Malformed("has a NUL");
        var (count, at) = (0, 0);
        while (at < text.Length)
        {
            var lineEnd = at + text[at..].IndexOf((byte)'\n');
            if (text[at] is (byte)' ' or (byte)'\t')
            {
                if (count == 0) throw Malformed("begins with a continuation line");
                _fields[count - 1] = _fields[count - 1] with { End = lineEnd };
            }
            else
            {
                if (count == MaxFields) throw Malformed($"has more than {MaxFields} fields");
                _fields[count] = new StanzaField(at, at + NameLength(text[at..lineEnd]), lineEnd);
                RefuseRepeated(text, count++);
            }
            at = lineEnd + 1;
        }
        return count;
    }

    private int NameLength(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon < 1 || line[0] is (byte)'#' or (byte)'-' || line[..colon].ContainsAnyExceptInRange((byte)0x21, (byte)0x7e))
            throw Malformed($"has a line that is no field: '{EscapedText.Of(line[..Math.Min(line.Length, 60)])}'");
        return colon;
    }

    private void RefuseRepeated(ReadOnlySpan<byte> text, int last)
    {
        var name = text[_fields[last].Start.._fields[last].Colon];
        for (var field = 0; field < last; field++)
        {
            ref readonly var other = ref _fields[field];
            if (other.Colon - other.Start == name.Length && Ascii.EqualsIgnoreCase(text[other.Start..other.Colon], name))
                throw Malformed($"has the field '{EscapedText.Of(name)}' twice");
        }
    }

    private ArchiveFormatException Malformed(string reason) => new($"stanza {_number} {reason}");
}
