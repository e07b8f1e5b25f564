namespace SwarmFS.Fuse.Tests;

/// <summary>A handler whose READ is given by the test; everything else answers with something plausible.</summary>
internal sealed class ScriptedHandler : FuseHandler
{
    public delegate FuseResult ReadScript(ref FuseRequest request, ulong node, long offset, Span<byte> destination);

    public ReadScript OnRead { get; set; } = (ref FuseRequest _, ulong _, long _, Span<byte> destination) => FuseResult.Bytes(destination.Length);

    public override FuseResult Lookup(ref FuseRequest request, ulong parent, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        entry.NodeId = 2;
        entry.Timeout = TimeSpan.MaxValue;
        entry.Attributes.Timeout = TimeSpan.MaxValue;
        entry.Attributes.Mode = 0x81A4;
        return FuseResult.Ok;
    }

    public override FuseResult GetAttributes(ref FuseRequest request, ulong node, ref FuseAttributes attributes)
    {
        attributes.Inode = node;
        attributes.Timeout = TimeSpan.FromSeconds(1.5);
        return FuseResult.Ok;
    }

    public override FuseResult ReadLink(ref FuseRequest request, ulong node, Span<byte> target)
    {
        "target"u8.CopyTo(target);
        return FuseResult.Bytes(6);
    }

    public override FuseResult Read(ref FuseRequest request, ulong node, ulong handle, long offset, Span<byte> destination) => OnRead(ref request, node, offset, destination);

    public override FuseResult Open(ref FuseRequest request, ulong node, int flags, ref FuseOpened opened)
    {
        opened.Handle = 9;
        opened.KeepCache = true;
        opened.BackingId = (int)(node % 2);
        return FuseResult.Ok;
    }

    public override FuseResult ReadDirectory(ref FuseRequest request, ulong node, ulong handle, ulong offset, ref FuseDirectoryWriter writer)
    {
        while (writer.TryAdd("name"u8, 2, 8, ++offset))
        {
        }

        return FuseResult.Ok;
    }

    public override FuseResult ReadDirectoryPlus(ref FuseRequest request, ulong node, ulong handle, ulong offset, ref FuseDirectoryPlusWriter writer)
    {
        FuseEntry entry = default;
        entry.NodeId = 2;
        while (writer.TryAdd("name"u8, entry, ++offset))
        {
        }

        return FuseResult.Ok;
    }

    public override FuseResult GetXattr(ref FuseRequest request, ulong node, ReadOnlySpan<byte> name, Span<byte> value) => FuseResult.Bytes(50);

    public override FuseResult ListXattrs(ref FuseRequest request, ulong node, Span<byte> names) => FuseResult.Bytes(50);

    public override FuseResult Seek(ref FuseRequest request, ulong node, long offset, int whence, ref long result) => FuseResult.Ok;
}
