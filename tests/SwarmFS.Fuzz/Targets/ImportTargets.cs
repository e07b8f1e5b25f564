using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Import;
using SwarmFS.Testing;
using TarEntry = System.Formats.Tar.TarEntry;
using TarReader = SwarmFS.Import.TarReader;

namespace SwarmFS.Fuzz.Targets;

/// <summary>Well-formed inputs, written by the runtime's own archiver.</summary>
internal static class ImportSeeds
{
    public static byte[] Tar(TarEntryFormat format)
    {
        var bytes = new MemoryStream();
        using (var writer = new TarWriter(bytes, format, leaveOpen: true))
        {
            Write(writer, format, TarEntryType.Directory, "./");
            Write(writer, format, TarEntryType.RegularFile, "./file", content: "hello");
            Write(writer, format, TarEntryType.RegularFile, "./" + new string('n', 150), content: new string('x', 600));
            Write(writer, format, TarEntryType.HardLink, "./linked", "./file");
            Write(writer, format, TarEntryType.SymbolicLink, "./link", new string('t', 120));
        }
        return bytes.ToArray();
    }

    private static void Write(TarWriter writer, TarEntryFormat format, TarEntryType type, string name, string? link = null, string? content = null)
    {
        TarEntry entry = format == TarEntryFormat.Gnu ? new GnuTarEntry(type, name) : new PaxTarEntry(type, name, [new("SCHILY.xattr.user.a", "b")]);
        entry.ModificationTime = DateTimeOffset.UnixEpoch.AddTicks(12_345_678);
        if (link is not null) entry.LinkName = link;
        if (content is not null) entry.DataStream = new MemoryStream(Encoding.ASCII.GetBytes(content));
        writer.WriteEntry(entry);
    }

    public static byte[] Ar(params (string Name, byte[] Content)[] members)
    {
        var bytes = new MemoryStream();
        bytes.Write("!<arch>\n"u8);
        foreach (var (name, content) in members)
        {
            bytes.Write(Encoding.ASCII.GetBytes($"{name,-16}{0,-12}{0,-6}{0,-6}{"100644",-8}{content.Length.ToString(CultureInfo.InvariantCulture),-10}`\n"));
            bytes.Write(content);
            if (content.Length % 2 == 1) bytes.WriteByte((byte)'\n');
        }
        return bytes.ToArray();
    }

    public static byte[] Deb(byte[] data, string suffix)
    {
        var control = new MemoryStream();
        using (var writer = new TarWriter(control, TarEntryFormat.Gnu, leaveOpen: true))
        {
            var entry = new GnuTarEntry(TarEntryType.RegularFile, "./control") { ModificationTime = DateTimeOffset.UnixEpoch };
            entry.DataStream = new MemoryStream("Package: demo\nVersion: 1:2.0-1\nArchitecture: all\n"u8.ToArray());
            writer.WriteEntry(entry);
        }
        return Ar(("debian-binary", "2.0\n"u8.ToArray()), ("control.tar", control.ToArray()), ("data.tar" + suffix, data));
    }

    public static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(bytes);
        return packed.ToArray();
    }
}

internal sealed class ArTarget : IFuzzTarget
{
    public string Name => "ar";

    public IEnumerable<byte[]> Seeds() => [ImportSeeds.Ar(("first", "abc"u8.ToArray()), ("second/", "de"u8.ToArray()))];

    public void Run(ReadOnlySpan<byte> input)
    {
        try
        {
            var reader = new ArReader(new MemoryStream(input.ToArray()));
            while (reader.Next() is not null) continue;
        }
        catch (ArchiveFormatException)
        {
            // Refused by name.
        }
    }
}

internal sealed class TarTarget : IFuzzTarget
{
    public string Name => "tar";

    public IEnumerable<byte[]> Seeds() => [ImportSeeds.Tar(TarEntryFormat.Gnu), ImportSeeds.Tar(TarEntryFormat.Pax)];

    public void Run(ReadOnlySpan<byte> input)
    {
        try
        {
            var reader = new TarReader(new MemoryStream(input.ToArray()));
            while (reader.Next() is not null) continue;
        }
        catch (ArchiveFormatException)
        {
            // Refused by name.
        }
    }
}

/// <summary>A whole package into a tree, which has to load again: what the importer accepts, every node must accept.</summary>
internal sealed class DebTarget : IFuzzTarget
{
    public string Name => "deb";

    public IEnumerable<byte[]> Seeds() =>
    [
        ImportSeeds.Deb(ImportSeeds.Tar(TarEntryFormat.Gnu), ""), ImportSeeds.Deb(ImportSeeds.Tar(TarEntryFormat.Pax), ""),
        ImportSeeds.Deb(ImportSeeds.Gzip(ImportSeeds.Tar(TarEntryFormat.Gnu)), ".gz"),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var store = new MemoryBlockStore();
        BuiltTree built;
        try
        {
            var tree = new TreeBuilder(store);
            DebFile.Read(new MemoryStream(input.ToArray()), input.Length, (_, files) => TarTree.AddAll(files, tree));
            built = tree.Finish();
        }
        catch (Exception e) when (e is ArchiveFormatException or InvalidTreeException)
        {
            return;
        }
        if (!TreeLoader.TryLoad(built.Root, store, [], out var table) || table.Count != built.Entries) throw new FuzzFindingException("a tree that was made does not load");
    }
}

internal sealed class PackagesTarget : IFuzzTarget
{
    public string Name => "packages";

    public IEnumerable<byte[]> Seeds() =>
        [Encoding.ASCII.GetBytes($"Package: a\nVersion: 1\nArchitecture: all\nFilename: pool/a.deb\nSize: 5\nSHA256: {new string('a', 64)}\nDescription: x\n y\n\nPackage: b\nFilename: ./b\n\n")];

    public void Run(ReadOnlySpan<byte> input)
    {
        try
        {
            PackageIndex.Read(new MemoryStream(input.ToArray()), "amd64", new SuiteIndexBuilder());
        }
        catch (ArchiveFormatException)
        {
            // Refused by name.
        }
    }
}

internal sealed class InReleaseTarget : IFuzzTarget
{
    private static readonly string Text = $"Suite: a\nDate: Sat, 21 Nov 2026 11:00:00 UTC\nAcquire-By-Hash: yes\nSHA256:\n {new string('a', 64)} 5 main/binary-amd64/Packages\n";

    public string Name => "inrelease";

    public IEnumerable<byte[]> Seeds() =>
    [
        Encoding.ASCII.GetBytes(Text),
        Encoding.ASCII.GetBytes($"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{Text}-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (ClearSigned.Check(input) is null && (input.IndexOf("-----BEGIN PGP SIGNED MESSAGE-----"u8) != 0 || input.Count("\n-----END PGP SIGNATURE-----"u8) != 1))
            throw new FuzzFindingException("a frame is accepted that is not the whole file");
        try
        {
            ReleaseFile.Parse(input.ToArray());
        }
        catch (ArchiveFormatException)
        {
            // Refused by name.
        }
    }
}
