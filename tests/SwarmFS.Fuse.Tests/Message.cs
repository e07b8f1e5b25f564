using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace SwarmFS.Fuse.Tests;

/// <summary>Messages as the kernel writes them.</summary>
internal static class Message
{
    public static byte[] Make(FuseOpcode opcode, ulong unique, ulong node, ReadOnlySpan<byte> arguments)
    {
        var message = new byte[Unsafe.SizeOf<FuseInHeader>() + arguments.Length];
        MemoryMarshal.Write(message, new FuseInHeader { Len = (uint)message.Length, Opcode = (uint)opcode, Unique = unique, NodeId = node, Pid = 42 });
        arguments.CopyTo(message.AsSpan(Unsafe.SizeOf<FuseInHeader>()));
        return message;
    }

    public static byte[] Make<T>(FuseOpcode opcode, ulong unique, ulong node, T arguments, string? name = null)
        where T : struct
    {
        var bytes = new byte[Unsafe.SizeOf<T>()];
        MemoryMarshal.Write(bytes, arguments);
        return Make(opcode, unique, node, name is null ? bytes : [.. bytes, .. Encoding.UTF8.GetBytes(name), 0]);
    }

    public static byte[] Lookup(ulong unique, ulong parent, string name) => Make(FuseOpcode.Lookup, unique, parent, [.. Encoding.UTF8.GetBytes(name), 0]);

    public static byte[] Read(ulong unique, ulong node, long offset, uint size) =>
        Make(FuseOpcode.Read, unique, node, new FuseReadIn { Offset = (ulong)offset, Size = size });

    public static byte[] Interrupt(ulong unique) => Make(FuseOpcode.Interrupt, unique | 1, 0, new FuseInterruptIn { Unique = unique });

    /// <summary>One well-formed request of every kind that has arguments.</summary>
    public static byte[][] OfEveryKind(ulong unique) =>
    [
        Lookup(unique, 1, "small"),
        Make(FuseOpcode.Getattr, unique, 2, default(FuseGetattrIn)),
        Make(FuseOpcode.Readlink, unique, 2, []),
        Make(FuseOpcode.Open, unique, 2, default(FuseOpenIn)),
        Read(unique, 2, 0, 4096),
        Make(FuseOpcode.Statfs, unique, 1, []),
        Make(FuseOpcode.Release, unique, 2, default(FuseReleaseIn)),
        Make(FuseOpcode.Getxattr, unique, 2, new FuseGetxattrIn { Size = 100 }, "user.text"),
        Make(FuseOpcode.Listxattr, unique, 2, new FuseGetxattrIn { Size = 100 }),
        Make(FuseOpcode.Opendir, unique, 1, default(FuseOpenIn)),
        Make(FuseOpcode.Readdir, unique, 1, new FuseReadIn { Size = 4096 }),
        Make(FuseOpcode.Readdirplus, unique, 1, new FuseReadIn { Size = 4096 }),
        Make(FuseOpcode.Releasedir, unique, 1, default(FuseReleaseIn)),
        Make(FuseOpcode.Lseek, unique, 2, new FuseLseekIn { Whence = 3 }),
        Make(FuseOpcode.Write, unique, 2, new byte[40]),
        Make((FuseOpcode)40, unique, 2, new byte[16]),
    ];
}
