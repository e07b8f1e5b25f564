using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace SwarmFS.Fuse;

/// <summary>Messages to the kernel that answer nothing: an out header with a unique of 0 and the code in place of the error, then the code's struct.</summary>
internal sealed class FuseNotifier(FuseChannel channel, ILogger logger)
{
    // FUSE_EXPIRE_ONLY.
    private const uint ExpireOnly = 1;
    private const int MaxNameLength = 255;
    private static readonly int HeaderBytes = Unsafe.SizeOf<FuseOutHeader>();

    /// <summary>The kernel's number for the handler's root.</summary>
    public ulong Root { get; set; } = ShownRoot.Handler;

    /// <exception cref="ArgumentException">No name has this length.</exception>
    public bool Entry(ulong parent, ReadOnlySpan<byte> name, bool expireOnly)
    {
        if (name.Length is 0 or > MaxNameLength) throw new ArgumentException($"a name has 1 to {MaxNameLength} bytes", nameof(name));
        var fixedBytes = HeaderBytes + Unsafe.SizeOf<FuseNotifyInvalEntryOut>();
        Span<byte> message = stackalloc byte[fixedBytes + name.Length + 1];
        message[^1] = 0;
        MemoryMarshal.Write(message[HeaderBytes..], new FuseNotifyInvalEntryOut { Parent = ToKernel(parent), Namelen = (uint)name.Length, Flags = expireOnly ? ExpireOnly : 0 });
        name.CopyTo(message[fixedBytes..]);
        return Send(FuseNotifyCode.InvalEntry, parent, message, default);
    }

    public bool Inode(ulong node, long offset, long length)
    {
        Span<byte> message = stackalloc byte[HeaderBytes + Unsafe.SizeOf<FuseNotifyInvalInodeOut>()];
        MemoryMarshal.Write(message[HeaderBytes..], new FuseNotifyInvalInodeOut { Ino = ToKernel(node), Off = offset, Len = length });
        return Send(FuseNotifyCode.InvalInode, node, message, default);
    }

    public bool Store(ulong node, long offset, ReadOnlySpan<byte> data)
    {
        Span<byte> message = stackalloc byte[HeaderBytes + Unsafe.SizeOf<FuseNotifyStoreOut>()];
        MemoryMarshal.Write(message[HeaderBytes..], new FuseNotifyStoreOut { NodeId = node, Offset = (ulong)offset, Size = (uint)data.Length });
        return Send(FuseNotifyCode.Store, node, message, data);
    }

    private ulong ToKernel(ulong node) => node == ShownRoot.Handler ? Root : node;

    private bool Send(FuseNotifyCode code, ulong node, Span<byte> message, ReadOnlySpan<byte> body)
    {
        MemoryMarshal.Write(message, new FuseOutHeader { Len = (uint)(message.Length + body.Length), Error = (int)code });
        var errno = channel.Send(message, body);
        if (errno is not (0 or Errno.ENOENT or Errno.ENODEV or Errno.ECONNABORTED)) logger.NotificationRefused((int)code, node, errno);
        return errno == 0;
    }
}
