namespace SwarmFS.Import;

/// <summary>What a .deb says it is.</summary>
/// <param name="Version">As Debian writes it, with the colon of an epoch.</param>
internal sealed record ControlFile(string Name, string Version, string Architecture)
{
    /// <summary>Bytes of a package's control file; the longest real ones have some 30 KiB.</summary>
    private const long MaxLength = 1 << 20;

    /// <summary>Finds <c>control</c> among the members of control.tar, and reads the archive to its end.</summary>
    /// <exception cref="ArchiveFormatException">It is missing, stands twice, or lacks what it must have.</exception>
    public static ControlFile Read(TarReader archive)
    {
        ControlFile? found = null;
        while (archive.Next() is { } entry)
        {
            if (entry.Kind != TarKind.File || !(entry.Name.AsSpan().SequenceEqual("./control"u8) || entry.Name.AsSpan().SequenceEqual("control"u8))) continue;
            if (found is not null) throw new ArchiveFormatException("control.tar has the file 'control' twice");
            if (entry.Size > MaxLength) throw new ArchiveFormatException($"its control file has {entry.Size} bytes; {MaxLength} are allowed");
            var stanzas = new StanzaReader(entry.Content);
            if (!stanzas.Next(out var stanza)) throw new ArchiveFormatException("its control file is empty");
            found = Parse(stanza);
            if (stanzas.Next(out _)) throw new ArchiveFormatException("its control file has a second paragraph");
        }
        return found ?? throw new ArchiveFormatException("control.tar has no file 'control'");
    }

    private static ControlFile Parse(Stanza stanza)
    {
        var name = Required(stanza, "Package");
        var version = Required(stanza, "Version");
        if ((DebianGrammar.CheckName(name) ?? DebianGrammar.CheckVersion(version)) is { } reason) throw new ArchiveFormatException(reason);
        return new ControlFile(name, version, Required(stanza, "Architecture"));
    }

    private static string Required(Stanza stanza, string field) =>
        stanza.Text(field) is { Length: > 0 } text ? text : throw new ArchiveFormatException($"the field '{field}' is missing");
}
