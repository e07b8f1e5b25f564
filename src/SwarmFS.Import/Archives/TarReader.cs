using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// Reads a tar archive from front to back: ustar (POSIX.1-1988), pax extended headers, and GNU's long names. Names stay bytes and nothing is trusted: checksums
/// are verified, lengths are bounded before anything is allocated, and the archive has to end with its end mark and then only zeros.
/// <code>
/// ARCHIVE := ENTRY* ZERO ZERO ZERO*                 in blocks of 512 bytes
/// ENTRY   := (LONGNAME | LONGLINK | PAX | GLOBAL)* HEADER DATA
/// HEADER  := name[100] mode[8] uid[8] gid[8] size[12] mtime[12] checksum[8] type[1] link[100]
///            magic[6] version[2] owner[32] group[32] major[8] minor[8] prefix[155] pad[12]
/// DATA    := size × byte, filled up to a whole block
/// </code>
/// Owner and group names do not enter: what they mean differs between machines.
/// </summary>
internal sealed class TarReader(Stream source)
{
    private const int BlockLength = 512;

    /// <summary>Bytes of an extended header: thirty-two attributes of 4 KiB and two paths fit several times.</summary>
    private const int MaxExtendedHeader = 1 << 20;

    /// <summary>Bytes of a GNU long name with its NUL: no path of a tree is longer than 4,096.</summary>
    private const int MaxLongName = 2 * Limits.PathLength;

    private readonly byte[] _header = new byte[BlockLength];
    private WindowStream? _content;
    private int _padding;

    /// <summary>The next entry, or null when the archive has ended properly.</summary>
    /// <exception cref="ArchiveFormatException">The archive is malformed, cut off, or uses a form that is not supported.</exception>
    public TarEntry? Next()
    {
        FinishContent();
        byte[]? longName = null, longLink = null;
        PaxRecords? pax = null;
        while (true)
        {
            if (!ReadHeader())
            {
                if (longName is not null || longLink is not null || pax is not null)
                    throw new ArchiveFormatException("the tar archive ends after an extended header, without its entry");
                ReadToEnd();
                return null;
            }
            switch (_header[156])
            {
                case (byte)'L':
                    longName = LongText(longName, "long name");
                    break;
                case (byte)'K':
                    longLink = LongText(longLink, "long link");
                    break;
                case (byte)'x':
                    if (pax is not null) throw new ArchiveFormatException("two extended headers stand before one entry");
                    pax = PaxRecords.Parse(Extended(MaxExtendedHeader, "extended header"));
                    break;
                case (byte)'g':
                    CheckGlobal(PaxRecords.Parse(Extended(MaxExtendedHeader, "global header")));
                    break;
                default:
                    return Entry(longName, longLink, pax);
            }
        }
    }

    private void FinishContent()
    {
        if (_content is null) return;
        _content.Drain();
        _content = null;
        SkipPadding();
    }

    private void SkipPadding()
    {
        Span<byte> padding = stackalloc byte[BlockLength];
        if (source.ReadAtLeast(padding[.._padding], _padding, throwOnEndOfStream: false) < _padding)
            throw new ArchiveFormatException("the tar archive is cut off after an entry");
    }

    /// <summary>False at the first of the two zero blocks of the end mark.</summary>
    private bool ReadHeader()
    {
        if (source.ReadAtLeast(_header, BlockLength, throwOnEndOfStream: false) < BlockLength)
            throw new ArchiveFormatException("the tar archive is cut off: it has no end mark");
        if (!_header.AsSpan().ContainsAnyExcept((byte)0)) return false;
        var sum = 8 * ' ';
        for (var at = 0; at < BlockLength; at++)
            if (at is < 148 or >= 156) sum += _header[at];
        if (TarNumber.Parse(_header.AsSpan(148, 8), "checksum") != sum) throw new ArchiveFormatException("a tar header's checksum is wrong");
        return true;
    }

    private void ReadToEnd()
    {
        var block = new byte[16 * BlockLength];
        var (zeros, read) = (0L, 0);
        while ((read = source.Read(block)) > 0)
        {
            if (block.AsSpan(0, read).ContainsAnyExcept((byte)0)) throw new ArchiveFormatException("bytes follow the tar archive's end mark");
            zeros += read;
        }
        if (zeros < BlockLength || zeros % BlockLength != 0) throw new ArchiveFormatException("the tar archive is cut off within its end mark");
    }

    /// <summary>The data of a header that speaks about the next one.</summary>
    private byte[] Extended(int bound, string what)
    {
        var size = TarNumber.Parse(_header.AsSpan(124, 12), "size");
        if (size < 0 || size > bound) throw new ArchiveFormatException($"a {what} of {size} bytes is beyond the bound of {bound}");
        var data = new byte[size];
        if (source.ReadAtLeast(data, data.Length, throwOnEndOfStream: false) < data.Length) throw new ArchiveFormatException($"a {what} is cut off");
        _padding = Padding(size);
        SkipPadding();
        return data;
    }

    private byte[] LongText(byte[]? before, string what)
    {
        if (before is not null) throw new ArchiveFormatException($"two {what}s stand before one entry");
        return UpToNul(Extended(MaxLongName, what)).ToArray();
    }

    /// <summary>A global header's comment is harmless; one that changes entries far away is a trap, and no packager writes one.</summary>
    private static void CheckGlobal(PaxRecords records)
    {
        if (records.Path is not null || records.LinkPath is not null || records.Size is not null || records.Uid is not null || records.Gid is not null
            || records.Mtime is not null || records.Xattrs.Count > 0)
            throw new ArchiveFormatException("a global extended header changes entries; only comments are allowed there");
    }

    private TarEntry Entry(byte[]? longName, byte[]? longLink, PaxRecords? pax)
    {
        var name = pax?.Path ?? longName ?? HeaderName();
        var kind = Kind(_header[156], name);
        var hasContent = kind == TarKind.File;
        var size = pax?.Size ?? TarNumber.Parse(_header.AsSpan(124, 12), "size");
        if (size < 0) throw new ArchiveFormatException($"entry '{EscapedText.Of(name)}' has a negative size");
        // Some writers repeat the size of the target in a link's header, with or without data: what follows is then ambiguous.
        if (!hasContent && size != 0) throw new ArchiveFormatException($"entry '{EscapedText.Of(name)}' has content although it is not a file");
        _content = new WindowStream(source, size, $"entry '{EscapedText.Of(name)}'");
        _padding = Padding(size);
        var mtime = pax?.Mtime ?? (TarNumber.Parse(_header.AsSpan(136, 12), "mtime"), 0);
        return new TarEntry
        {
            Name = name,
            LinkName = kind is TarKind.HardLink or TarKind.Symlink ? pax?.LinkPath ?? longLink ?? UpToNul(_header.AsSpan(157, 100)).ToArray() : [],
            Kind = kind,
            Mode = (int)(TarNumber.Parse(_header.AsSpan(100, 8), "mode") & 0xfff),
            Uid = Id(pax?.Uid ?? TarNumber.Parse(_header.AsSpan(108, 8), "uid"), "uid"),
            Gid = Id(pax?.Gid ?? TarNumber.Parse(_header.AsSpan(116, 8), "gid"), "gid"),
            MtimeSeconds = mtime.Item1,
            MtimeNanoseconds = mtime.Item2,
            Size = size,
            Xattrs = pax?.Xattrs ?? [],
            Content = _content,
        };
    }

    private byte[] HeaderName()
    {
        var name = UpToNul(_header.AsSpan(0, 100));
        // GNU's old format keeps times where ustar has the prefix, and has a blank where ustar has the NUL of its magic.
        var isUstar = _header.AsSpan(257, 6).SequenceEqual("ustar\0"u8);
        var prefix = isUstar ? UpToNul(_header.AsSpan(345, 155)) : [];
        return prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name];
    }

    private static TarKind Kind(byte flag, byte[] name) => flag switch
    {
        // The format before POSIX marks a directory by its last slash alone.
        0 => name is [.., (byte)'/'] ? TarKind.Directory : TarKind.File,
        (byte)'0' or (byte)'7' => TarKind.File,
        >= (byte)'1' and <= (byte)'6' => (TarKind)flag,
        (byte)'S' => throw new ArchiveFormatException($"entry '{EscapedText.Of(name)}' is a sparse file, which is not supported"),
        _ => throw new ArchiveFormatException($"entry '{EscapedText.Of(name)}' has the unknown type 0x{flag:x2}"),
    };

    private static uint Id(long value, string what) =>
        value is >= 0 and <= uint.MaxValue ? (uint)value : throw new ArchiveFormatException($"the {what} {value} of a header does not fit in 32 bits");

    private static int Padding(long size) => (int)((BlockLength - (size % BlockLength)) % BlockLength);

    private static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }
}
