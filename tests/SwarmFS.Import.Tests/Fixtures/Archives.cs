using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace SwarmFS.Import.Tests;

/// <summary>Writes tar archives byte by byte, so that a test can write what no archiver would.</summary>
internal sealed class TarWriter
{
    private readonly MemoryStream _bytes = new();

    public TarWriter Directory(string name, int mode = 0x1ed) => Add(name, '5', mode: mode);

    public TarWriter File(string name, string content, int mode = 0x1a4) => Add(name, '0', Encoding.UTF8.GetBytes(content), mode: mode);

    public TarWriter File(string name, byte[] content) => Add(name, '0', content);

    public TarWriter Symlink(string name, string target) => Add(name, '2', link: target, mode: 0x1ff);

    public TarWriter HardLink(string name, string target) => Add(name, '1', link: target);

    public TarWriter Pax(params (string Key, string Value)[] records) => Pax('x', records);

    public TarWriter Pax(char type, params (string Key, string Value)[] records)
    {
        var data = new MemoryStream();
        foreach (var (key, value) in records)
        {
            var body = $" {key}={value}\n";
            var length = Encoding.UTF8.GetByteCount(body) + 1;
            while ((length.ToString().Length + Encoding.UTF8.GetByteCount(body)) != length) length++;
            data.Write(Encoding.UTF8.GetBytes(length + body));
        }
        return Add("pax", type, data.ToArray());
    }

    /// <param name="size">What the header says; the content's length when null.</param>
    public TarWriter Add(
        string name, char type, byte[]? content = null, string link = "", int mode = 0x1a4, long mtime = 1_700_000_000, long? size = null, string magic = "ustar\0" + "00",
        long uid = 0, Action<byte[]>? change = null)
    {
        content ??= [];
        var header = new byte[512];
        Put(header, 0, Encoding.Latin1.GetBytes(name));
        Octal(header, 100, 8, mode);
        Octal(header, 108, 8, uid);
        Octal(header, 116, 8, 0);
        Octal(header, 124, 12, size ?? content.Length);
        Octal(header, 136, 12, mtime);
        header[156] = (byte)type;
        Put(header, 157, Encoding.Latin1.GetBytes(link));
        Put(header, 257, Encoding.Latin1.GetBytes(magic));
        change?.Invoke(header);
        Array.Fill(header, (byte)' ', 148, 8);
        var sum = header.Sum(b => b);
        Octal(header, 148, 7, sum);
        _bytes.Write(header);
        return Raw(content).Raw(new byte[(512 - (content.Length % 512)) % 512]);
    }

    public TarWriter Raw(byte[] bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>With the end mark.</summary>
    public byte[] Finish() => Raw(new byte[1024])._bytes.ToArray();

    public byte[] WithoutEnd() => _bytes.ToArray();

    private static void Put(byte[] header, int at, byte[] text) => text.AsSpan().CopyTo(header.AsSpan(at));

    private static void Octal(byte[] header, int at, int width, long value)
    {
        var text = Convert.ToString(value, 8).PadLeft(width - 1, '0');
        Put(header, at, Encoding.ASCII.GetBytes(text));
        header[at + width - 1] = 0;
    }
}

/// <summary>Writes .deb files around tar archives.</summary>
internal static class Deb
{
    public static byte[] Of(byte[] dataTar, string control = "Package: demo\nVersion: 1:2.0-1\nArchitecture: all\n", string packing = ".gz") =>
        Ar(("debian-binary", "2.0\n"u8.ToArray()), ("control.tar.gz", Gzip(new TarWriter().File("./control", control).Finish())), ("data.tar" + packing, Pack(dataTar, packing)));

    public static byte[] Ar(params (string Name, byte[] Content)[] members)
    {
        var bytes = new MemoryStream();
        bytes.Write("!<arch>\n"u8);
        foreach (var (name, content) in members)
        {
            var header = name.PadRight(16) + "0".PadRight(12) + "0".PadRight(6) + "0".PadRight(6) + "100644".PadRight(8)
                + content.Length.ToString(CultureInfo.InvariantCulture).PadRight(10) + "`\n";
            bytes.Write(Encoding.ASCII.GetBytes(header));
            bytes.Write(content);
            if (content.Length % 2 == 1) bytes.WriteByte((byte)'\n');
        }
        return bytes.ToArray();
    }

    public static byte[] Gzip(byte[] data)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(data);
        return packed.ToArray();
    }

    public static byte[] Pack(byte[] data, string packing) => packing switch
    {
        "" => data,
        ".gz" => Gzip(data),
        ".xz" => Tool.Filter("xz", ["-c"], data),
        ".zst" => Tool.Filter("zstd", ["-c", "-q"], data),
        _ => throw new ArgumentException("Unknown packing.", nameof(packing)),
    };
}
