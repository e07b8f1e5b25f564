using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Catalog;

namespace SwarmFS.Import.Tests;

/// <summary>Whatever bytes come, a decoder answers or refuses: no other exception, no run without end.</summary>
public class HostileInputTests
{
    private static readonly byte[] Tar = new TarWriter().Directory("./").Pax(("mtime", "1.5"), ("SCHILY.xattr.user.a", "b")).File("./a", "hello").HardLink("./b", "./a")
        .Add("././@LongLink", 'L', Encoding.ASCII.GetBytes(new string('n', 200) + "\0")).File("x", "y").Finish();

    private static readonly byte[] Release = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSuite: a\n- -x\n-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"u8.ToArray();

    private static void Survives(byte[] seed, Action<byte[]> decode)
    {
        var mutation = Gen.Choose(0, seed.Length - 1).SelectMany(at => Gen.Choose(0, 255).Select(value => (at, value)));
        var mutated = mutation.ArrayOf().Resize(6).SelectMany(changes => Gen.Choose(0, seed.Length).Select(length =>
        {
            var bytes = seed.ToArray();
            foreach (var (at, value) in changes) bytes[at] = (byte)value;
            return length % 3 == 0 ? bytes[..length] : bytes;
        }));
        var random = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf();
        Prop.ForAll(Arb.From(Gen.OneOf(mutated, random)), bytes =>
        {
            try
            {
                decode(bytes);
            }
            catch (ArchiveFormatException)
            {
                // The refusal that is promised.
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void The_tar_reader_survives_anything() => Survives(Tar, bytes =>
    {
        var reader = new TarReader(new MemoryStream(bytes));
        while (reader.Next() is { } entry) entry.Size.ShouldBeGreaterThanOrEqualTo(0);
    });

    [Fact]
    public void Extended_headers_survive_anything() => Survives("30 mtime=1234567890.123456789\n11 path=ab\n"u8.ToArray(), bytes => PaxRecords.Parse(bytes));

    [Fact]
    public void The_package_reader_survives_anything() => Survives(Deb.Of(Tar, packing: ""), bytes =>
        DebFile.Read(new MemoryStream(bytes), bytes.Length, (_, files) =>
        {
            while (files.Next() is not null)
            {
            }
        }));

    [Theory]
    [InlineData(".xz")]
    [InlineData(".zst")]
    [InlineData(".gz")]
    public void The_decoders_survive_anything(string packing) => Survives(Deb.Pack(Tar, packing), bytes =>
    {
        using var stream = new BoundedStream(Packing.Open(packing, new MemoryStream(bytes))!, 1 << 20, "it");
        stream.CopyTo(Stream.Null);
    });

    [Fact]
    public void The_index_scanner_survives_anything() => Survives(
        Encoding.ASCII.GetBytes($"Package: a\nVersion: 1\nArchitecture: all\nFilename: pool/a.deb\nSize: 5\nSHA256: {new string('a', 64)}\nDescription: x\n y\n\n"),
        bytes => PackageIndex.Read(new MemoryStream(bytes), "amd64", new SuiteIndexBuilder()));

    [Fact]
    public void The_release_parser_survives_anything() => Survives(
        Encoding.ASCII.GetBytes($"Suite: a\nDate: Sat, 21 Nov 2026 11:00:00 UTC\nSHA256:\n {new string('a', 64)} 5 main/binary-amd64/Packages\n"), bytes => ReleaseFile.Parse(bytes));

    [Fact]
    public void The_frame_of_a_signed_text_survives_anything_and_only_a_whole_one_passes()
    {
        ClearSigned.Check(Release).ShouldBeNull();
        for (var length = 0; length < Release.Length - 1; length++) ClearSigned.Check(Release.AsSpan(0, length)).ShouldNotBeNull();
        Survives(Release, bytes => ClearSigned.Check(bytes));
    }

    [Fact]
    public void Armour_survives_anything() => Survives("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabcd\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"u8.ToArray(), bytes => OpenPgpArmor.Remove(bytes));
}
