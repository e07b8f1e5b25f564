using System.Text;

namespace SwarmFS.Import;

/// <summary>
/// A .deb of format 2 (deb(5)), read from front to back.
/// <code>
/// DEB := ar( "debian-binary" = "2." …, _*, "control.tar" PACKING, _*, "data.tar" PACKING, * )
/// </code>
/// Members whose names begin with an underscore, and any after data.tar, are skipped as that page asks; any other is refused.
/// </summary>
internal static class DebFile
{
    /// <summary>Bytes of an unpacked control.tar: scripts and checksums, a few MB at the very most.</summary>
    private const long MaxControl = 64L << 20;

    /// <param name="size">Bytes of the file: what the bound for the unpacked data is reckoned from.</param>
    /// <param name="data">Gets what the package says it is and its files; has to read these to the end.</param>
    /// <exception cref="ArchiveFormatException">It is not such a file, is damaged, cut off, or unpacks to more than its bound.</exception>
    public static ControlFile Read(Stream deb, long size, Action<ControlFile, TarReader> data)
    {
        var archive = new ArReader(deb);
        CheckVersion(Member(archive, "debian-binary"));
        var control = ReadMember(Member(archive, "control.tar"), "control.tar", Math.Min(MaxControl, Packing.Bound(size)), ControlFile.Read);
        ReadMember(Member(archive, "data.tar"), "data.tar", Packing.Bound(size), files =>
        {
            data(control, files);
            return control;
        });
        while (archive.Next() is not null)
        {
        }
        return control;
    }

    /// <summary>The next member that counts, which has to have this name, packing aside.</summary>
    private static ArMember Member(ArReader archive, string name)
    {
        while (archive.Next() is { } member)
        {
            if (member.Name == name || (name != "debian-binary" && member.Name.StartsWith(name, StringComparison.Ordinal))) return member;
            if (!member.Name.StartsWith('_')) throw new ArchiveFormatException($"member '{member.Name}' stands where '{name}' belongs");
        }
        throw new ArchiveFormatException($"member '{name}' is missing: the file is cut off or no .deb");
    }

    private static void CheckVersion(ArMember member)
    {
        Span<byte> text = stackalloc byte[16];
        var length = member.Content.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        if (!text[..length].StartsWith("2."u8)) throw new ArchiveFormatException($"format version '{EscapedText.Of(text[..length])}' is not supported; 2.0 is");
    }

    private static ControlFile ReadMember(ArMember member, string name, long bound, Func<TarReader, ControlFile> read)
    {
        var packing = member.Name[name.Length..];
        using var unpacked = Packing.Open(packing, member.Content)
            ?? throw new ArchiveFormatException($"member '{member.Name}' is packed in a way that is not supported; xz, zst, gz and none are");
        using var bounded = new BoundedStream(unpacked, bound, $"member '{member.Name}'");
        try
        {
            return read(new TarReader(bounded));
        }
        catch (ArchiveFormatException e)
        {
            throw new ArchiveFormatException($"{member.Name}: {e.Message}");
        }
    }
}
