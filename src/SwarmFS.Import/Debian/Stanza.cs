using System.Text;

namespace SwarmFS.Import;

/// <summary>Where a field stands in its stanza's text: offsets in bytes.</summary>
internal readonly record struct StanzaField(int Start, int Colon, int End);

/// <summary>One paragraph of fields. Valid until the reader goes on; copy what is to be kept.</summary>
internal readonly ref struct Stanza(ReadOnlySpan<byte> text, ReadOnlySpan<StanzaField> fields)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private readonly ReadOnlySpan<StanzaField> _fields = fields;

    /// <summary>The field's value without the blanks around it; lines after the first keep theirs. The name's case does not matter.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var field in _fields)
        {
            if (field.Colon - field.Start != name.Length || !Ascii.EqualsIgnoreCase(_text[field.Start..field.Colon], name)) continue;
            value = _text[(field.Colon + 1)..field.End].Trim(" \t\n"u8);
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>The field as text, or null when it is absent.</summary>
    /// <exception cref="ArchiveFormatException">It is not UTF-8.</exception>
    public string? Text(string name)
    {
        if (!TryGet(Encoding.ASCII.GetBytes(name), out var value)) return null;
        try
        {
            return Utf8.Strict.GetString(value);
        }
        catch (DecoderFallbackException)
        {
            throw new ArchiveFormatException($"field '{name}' is not UTF-8");
        }
    }
}

internal static class Utf8
{
    /// <summary>Throws on malformed bytes instead of replacing them.</summary>
    public static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
