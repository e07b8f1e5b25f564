using System.Text;

namespace SwarmFS.Import.Tests;

public class ArchiveTests
{
    private static List<TarEntry> Read(byte[] tar)
    {
        var reader = new TarReader(new MemoryStream(tar));
        var entries = new List<TarEntry>();
        while (reader.Next() is { } entry) entries.Add(entry);
        return entries;
    }

    private static string Refusal(byte[] tar) => Should.Throw<ArchiveFormatException>(() => Read(tar)).Message;

    [Fact]
    public void An_archive_of_the_systems_own_tar_is_read_in_every_format()
    {
        var directory = Directory.CreateTempSubdirectory("import-").FullName;
        try
        {
            var deep = Path.Combine(directory, new string('d', 120), new string('e', 130));
            Directory.CreateDirectory(deep);
            File.WriteAllText(Path.Combine(deep, "file"), "content");
            File.CreateSymbolicLink(Path.Combine(directory, "link"), new string('t', 200));
            foreach (var format in new[] { "gnu", "pax", "posix" })
            {
                var tar = Tool.Filter("tar", ["--format=" + format, "--sort=name", "-C", directory, "-c", "."], []);
                var entries = Read(tar);
                entries.Select(e => Encoding.UTF8.GetString(e.Name)).ShouldBe(
                    ["./", $"./{new string('d', 120)}/", $"./{new string('d', 120)}/{new string('e', 130)}/", $"./{new string('d', 120)}/{new string('e', 130)}/file", "./link"], format);
                entries[3].Size.ShouldBe(7);
                Encoding.UTF8.GetString(entries[4].LinkName).ShouldBe(new string('t', 200));
                var time = new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(deep, "file")));
                entries[3].MtimeSeconds.ShouldBe(time.ToUnixTimeSeconds());
                if (format != "gnu") (entries[3].MtimeNanoseconds / 100).ShouldBe((int)(time.Ticks % TimeSpan.TicksPerSecond));
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void The_prefix_of_a_ustar_header_goes_before_the_name() =>
        Encoding.ASCII.GetString(Read(new TarWriter().Add("name", '0', change: h => "pre/fix"u8.CopyTo(h.AsSpan(345))).Finish())[0].Name).ShouldBe("pre/fix/name");

    [Fact]
    public void Extended_headers_change_the_entry_after_them_and_no_other()
    {
        var tar = new TarWriter().Pax(("path", "long/näme"), ("mtime", "-1.25"), ("uid", "3000000"), ("SCHILY.xattr.user.a", "x=y\n"), ("comment", "no"))
            .File("short", "abc").File("next", "").Finish();
        var entries = Read(tar);
        Encoding.UTF8.GetString(entries[0].Name).ShouldBe("long/näme");
        (entries[0].MtimeSeconds, entries[0].MtimeNanoseconds).ShouldBe((-2, 750_000_000));
        entries[0].Uid.ShouldBe(3_000_000u);
        Encoding.UTF8.GetString(entries[0].Xattrs.ShouldHaveSingleItem().Value.Span).ShouldBe("x=y\n");
        Encoding.UTF8.GetString(entries[1].Name).ShouldBe("next");
        entries[1].Xattrs.ShouldBeEmpty();
    }

    [Fact]
    public void Numbers_in_base_256_are_read_and_those_beyond_63_bits_refused()
    {
        byte[] negative = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe];
        Read(new TarWriter().Add("a", '0', change: h => negative.CopyTo(h, 136)).Finish())[0].MtimeSeconds.ShouldBe(-2);
        byte[] beyond = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        Refusal(new TarWriter().Add("a", '0', change: h => beyond.CopyTo(h, 124)).Finish()).ShouldContain("63 bits");
    }

    [Fact]
    public void A_damaged_checksum_is_refused()
    {
        var tar = new TarWriter().File("a", "b").Finish();
        tar[0] ^= 1;
        Refusal(tar).ShouldContain("checksum");
    }

    [Fact]
    public void An_archive_that_is_cut_off_anywhere_is_refused()
    {
        var tar = new TarWriter().Directory("./").File("./a", new string('x', 700)).Finish();
        for (var length = 0; length < tar.Length; length += 64) Should.Throw<ArchiveFormatException>(() => Read(tar[..length])).Message.ShouldContain("cut off");
    }

    [Fact]
    public void Bytes_behind_the_end_mark_are_refused() =>
        Refusal([.. new TarWriter().File("a", "").Finish(), .. new TarWriter().File("b", "").Finish()]).ShouldContain("follow");

    [Fact]
    public void What_could_hide_content_is_refused()
    {
        Refusal(new TarWriter().Add("s", 'S').Finish()).ShouldContain("sparse");
        Refusal(new TarWriter().Pax(("GNU.sparse.major", "1")).File("a", "").Finish()).ShouldContain("sparse");
        Refusal(new TarWriter().Add("l", '2', "data"u8.ToArray(), "t").Finish()).ShouldContain("although it is not a file");
        Refusal(new TarWriter().Pax('g', ("path", "everywhere")).File("a", "").Finish()).ShouldContain("global");
        Refusal(new TarWriter().Add("n", 'M').Finish()).ShouldContain("unknown type");
        Refusal(new TarWriter().Pax(("path", "a")).Finish()).ShouldContain("without its entry");
    }

    [Fact]
    public void A_header_that_claims_a_huge_name_is_refused_before_memory_is_taken()
    {
        Refusal(new TarWriter().Add("x", 'L', size: 1L << 30).Finish()).ShouldContain("beyond the bound");
        Refusal(new TarWriter().Add("x", 'x', size: 1L << 30).Finish()).ShouldContain("beyond the bound");
    }

    [Fact]
    public void Members_of_an_ar_archive_are_read_and_damage_is_refused()
    {
        var bytes = Deb.Ar(("first", "abc"u8.ToArray()), ("second/", "de"u8.ToArray()));
        var reader = new ArReader(new MemoryStream(bytes));
        reader.Next().ShouldNotBeNull().Name.ShouldBe("first");
        var second = reader.Next().ShouldNotBeNull();
        second.Name.ShouldBe("second");
        new StreamReader(second.Content).ReadToEnd().ShouldBe("de");
        reader.Next().ShouldBeNull();

        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            if (length is 8 or 71 or 72) continue;
            Should.Throw<ArchiveFormatException>(() =>
            {
                var all = new ArReader(new MemoryStream(cut));
                while (all.Next() is not null)
                {
                }
            });
        }
    }

    [Theory]
    [InlineData(".xz")]
    [InlineData(".zst")]
    [InlineData(".gz")]
    public void Compressed_data_is_unpacked_and_cut_off_data_refused(string packing)
    {
        var data = new byte[300_000];
        new Random(5).NextBytes(data.AsSpan(0, 150_000));
        var packed = Deb.Pack(data, packing);
        Unpack(packing, packed).ShouldBe(data);
        foreach (var length in new[] { 0, 1, 5, 100, packed.Length / 2, packed.Length - 8, packed.Length - 1 })
            Should.Throw<ArchiveFormatException>(() => Unpack(packing, packed[..length]), $"{length} bytes");
        Should.Throw<ArchiveFormatException>(() => Unpack(packing, [.. packed, 0x20]));
        packed[packed.Length / 2] ^= 0x10;
        Should.Throw<ArchiveFormatException>(() => Unpack(packing, packed).ShouldBe(data));
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".zst")]
    public void Members_of_one_file_are_unpacked_one_after_the_other(string packing) =>
        Unpack(packing, [.. Deb.Pack("first "u8.ToArray(), packing), .. Deb.Pack([], packing), .. Deb.Pack("second"u8.ToArray(), packing)]).ShouldBe("first second"u8.ToArray());

    private static byte[] Unpack(string packing, byte[] packed)
    {
        using var stream = Packing.Open(packing, new MemoryStream(packed))!;
        var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    [Fact]
    public void A_bomb_ends_at_its_bound_in_little_memory()
    {
        var packed = Tool.Filter("sh", ["-c", "head -c 200000000 /dev/zero | xz -0 -c"], []);
        packed.Length.ShouldBeLessThan(50_000);
        using var stream = new BoundedStream(Packing.Open(".xz", new MemoryStream(packed))!, Packing.Bound(packed.Length), "a bomb");
        var buffer = new byte[64 << 10];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<ArchiveFormatException>(() =>
        {
            while (stream.Read(buffer.AsSpan()) > 0)
            {
            }
        }).Message.ShouldContain("bound");
        stream.BytesRead.ShouldBeLessThan((64L << 20) + (100 * packed.Length) + buffer.Length + 1);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4 << 20);
    }

    [Fact]
    public void An_xz_window_beyond_the_bound_is_refused()
    {
        var packed = Tool.Filter("sh", ["-c", "head -c 1000000 /dev/zero | xz -c --lzma2=dict=256MiB"], []);
        Should.Throw<ArchiveFormatException>(() => Unpack(".xz", packed)).Message.ShouldContain("MiB of memory");
    }
}
