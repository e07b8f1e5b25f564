using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>What INIT settled.</summary>
/// <param name="MaxReadBytes">Of the largest READ.</param>
/// <param name="CongestionThreshold">READs ahead of a reader that are under way when the kernel begins to skip further ones.</param>
internal readonly record struct FuseAgreement(int Minor, FuseInitFlags Flags, int MaxReadBytes, int CongestionThreshold)
{
    /// <summary>
    /// The widest read-ahead that is not congestion by itself: while a window is used up the next one is asked for. With a wider one the kernel makes the pages of a whole window
    /// (fuse_readahead), finds that it is congested, and takes most of them away again; with 16 MiB in READs of 128 KiB that took a third of a reader's time.
    /// </summary>
    public int MaxReadAheadBytes => (int)Math.Min(int.MaxValue, (long)CongestionThreshold * MaxReadBytes / 2);
}

/// <summary>
/// INIT, the first message of a connection: the kernel offers a version and capabilities, the server takes a subset. Everything that is not offered is done without; nothing here
/// needs more than protocol 7.31 (Linux 5.4).
/// </summary>
internal static class FuseHandshake
{
    private const uint Major = 7;
    private const uint OldestMinor = 31;
    private const int PageBytes = 4096;

    // Before MAX_PAGES was offered: FUSE_DEFAULT_MAX_PAGES_PER_REQ.
    private const int DefaultMaxPages = 32;

    // The least the kernel accepts; nothing is ever written, and requests then fit into 8 KiB.
    private const uint MaxWrite = 4096;

    // Not ASYNC_DIO: with it a direct read waits where no signal reaches it, and a killed reader stays until its data arrive.
    private const FuseInitFlags Wanted = FuseInitFlags.AsyncRead | FuseInitFlags.BigWrites | FuseInitFlags.NoOpenSupport
        | FuseInitFlags.ParallelDirops | FuseInitFlags.AbortError | FuseInitFlags.MaxPages | FuseInitFlags.CacheSymlinks | FuseInitFlags.NoOpendirSupport
        | FuseInitFlags.ExplicitInvalData | FuseInitFlags.InitExt | FuseInitFlags.HasExpireOnly | FuseInitFlags.NoExportSupport | FuseInitFlags.HasResend;

    /// <exception cref="FuseMountException">The kernel speaks another major version, or one too old, or went away.</exception>
    public static FuseAgreement Perform(FuseChannel channel, FuseMountOptions options)
    {
        Span<byte> buffer = new byte[FuseChannel.RequestBytes];
        while (true)
        {
            var length = channel.Receive(buffer, out var errno);
            if (errno != 0) throw new FuseMountException($"the kernel did not open the conversation on {options.MountPoint} ({errno})", errno);
            if (TryReadInit(buffer[..length], out var header, out var init) is false)
                throw new FuseMountException($"the kernel's first message about {options.MountPoint} is no INIT ({length} bytes)", Errno.EINVAL);
            if (init.Major < Major || (init.Major == Major && init.Minor < OldestMinor))
                throw new FuseMountException($"the kernel speaks FUSE {init.Major}.{init.Minor}; {Major}.{OldestMinor} (Linux 5.4) is needed", Errno.EOPNOTSUPP);

            // A newer major version is answered with ours, and the kernel asks again in it.
            var reply = init.Major > Major ? new FuseInitOut { Major = Major, Minor = (uint)options.LatestMinor } : Choose(init, options);
            if (Answer(channel, header.Unique, reply) is not 0 and var refused)
                throw new FuseMountException($"the kernel refused the answer to INIT of {options.MountPoint} ({refused})", refused);
            if (init.Major == Major) return Agreement(reply);
        }
    }

    internal static bool TryReadInit(ReadOnlySpan<byte> message, out FuseInHeader header, out FuseInitIn init)
    {
        init = default;
        if (!MemoryMarshal.TryRead(message, out header) || header.Len != message.Length || (FuseOpcode)header.Opcode != FuseOpcode.Init) return false;
        var arguments = message[Unsafe.SizeOf<FuseInHeader>()..];

        // Kernels before 7.36 send the first four fields.
        if (arguments.Length < 4 * sizeof(uint)) return false;
        Span<byte> whole = stackalloc byte[Unsafe.SizeOf<FuseInitIn>()];
        whole.Clear();
        arguments[..Math.Min(arguments.Length, whole.Length)].CopyTo(whole);
        init = MemoryMarshal.Read<FuseInitIn>(whole);
        return true;
    }

    internal static FuseInitOut Choose(in FuseInitIn init, FuseMountOptions options)
    {
        var offered = (FuseInitFlags)init.Flags;
        if (offered.HasFlag(FuseInitFlags.InitExt)) offered |= (FuseInitFlags)((ulong)init.Flags2 << 32);
        var wanted = Wanted;
        if (options.ReadDirectoryPlus) wanted |= FuseInitFlags.DoReaddirplus;
        if (options is { DefaultPermissions: true, HasAcls: false }) wanted |= FuseInitFlags.PosixAcl;
        if (options.Passthrough) wanted |= FuseInitFlags.Passthrough;
        if (options.Transport == FuseTransport.Uring) wanted |= FuseInitFlags.OverIoUring;
        var flags = offered & wanted & ~options.Without;
        var hasRings = flags.HasFlag(FuseInitFlags.OverIoUring);
        var background = (ushort)(hasRings ? Math.Min(options.MaxBackground, UringChannel.MaxBackground) : options.MaxBackground);
        return new FuseInitOut
        {
            Major = Major,
            Minor = Math.Min((uint)options.LatestMinor, init.Minor),
            MaxReadahead = init.MaxReadahead,
            Flags = (uint)flags,
            Flags2 = (uint)((ulong)flags >> 32),
            MaxBackground = background,
            CongestionThreshold = (ushort)(background - background / 4),
            MaxWrite = MaxWrite,
            TimeGran = 1,
            MaxPages = flags.HasFlag(FuseInitFlags.MaxPages) ? (ushort)(hasRings ? Math.Min(options.MaxPages, UringChannel.MaxPages) : options.MaxPages) : (ushort)0,
            MaxStackDepth = flags.HasFlag(FuseInitFlags.Passthrough) ? 1u : 0u,
        };
    }

    private static FuseAgreement Agreement(in FuseInitOut reply) => new(
        (int)reply.Minor,
        (FuseInitFlags)(reply.Flags | ((ulong)reply.Flags2 << 32)),
        (reply.MaxPages == 0 ? DefaultMaxPages : reply.MaxPages) * PageBytes,
        reply.CongestionThreshold);

    private static Errno Answer(FuseChannel channel, ulong unique, in FuseInitOut reply)
    {
        var body = MemoryMarshal.AsBytes(new ReadOnlySpan<FuseInitOut>(in reply));
        var header = new FuseOutHeader { Len = (uint)(Unsafe.SizeOf<FuseOutHeader>() + body.Length), Unique = unique };
        return channel.Send(MemoryMarshal.AsBytes(new ReadOnlySpan<FuseOutHeader>(in header)), body);
    }
}
