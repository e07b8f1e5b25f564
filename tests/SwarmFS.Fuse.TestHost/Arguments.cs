namespace SwarmFS.Fuse.TestHost;

/// <summary>Usage: MOUNTPOINT [--from DIR] [--backing FILE] [--timeout SECONDS] [--open] [--passthrough] [--no-xattrs] [--vanish] [--stuck] [--no-plus] [--readers N] [--readahead KIB] [--minor N] [--without HEXFLAGS] [--writable] [--allow-other] [--transport Automatic|Device|Uring] [--verbose].</summary>
internal sealed record Arguments(FuseMountOptions Mount, HandlerOptions Handler, string? From, string? Backing, bool IsVerbose)
{
    public static Arguments Parse(string[] args)
    {
        var mount = new FuseMountOptions { MountPoint = args[0], Transport = FuseTransport.Device };
        var handler = new HandlerOptions();
        string? from = null, backing = null;
        var isVerbose = false;
        for (var i = 1; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--from": from = args[++i]; break;
                case "--backing": backing = args[++i]; break;
                case "--timeout": handler = handler with { Timeout = TimeSpan.FromSeconds(double.Parse(args[++i])) }; break;
                case "--negative-timeout": handler = handler with { NegativeTimeout = TimeSpan.FromSeconds(double.Parse(args[++i])) }; break;
                case "--open": handler = handler with { AnswersOpen = true }; break;
                case "--passthrough":
                    handler = handler with { AnswersOpen = true, Passthrough = true };
                    mount = mount with { Passthrough = true };
                    break;
                case "--no-xattrs":
                    handler = handler with { HasXattrs = false };
                    mount = mount with { HasAcls = false };
                    break;
                case "--stuck": handler = handler with { IsStuck = true }; break;
                case "--vanish": handler = handler with { Vanishes = true }; break;
                case "--no-plus": mount = mount with { ReadDirectoryPlus = false }; break;
                case "--readers": mount = mount with { ReaderThreads = int.Parse(args[++i]) }; break;
                case "--readahead": mount = mount with { ReadAheadKiB = int.Parse(args[++i]) }; break;
                case "--allow-other": mount = mount with { AllowOther = true }; break;
                case "--writable": mount = mount with { ReadOnly = false }; break;
                case "--minor": mount = mount with { LatestMinor = int.Parse(args[++i]) }; break;
                case "--without": mount = mount with { Without = (FuseInitFlags)Convert.ToUInt64(args[++i], 16) }; break;
                case "--transport": mount = mount with { Transport = Enum.Parse<FuseTransport>(args[++i]) }; break;
                case "--verbose": isVerbose = true; break;
                default: throw new ArgumentException($"unknown argument {args[i]}", nameof(args));
            }
        }

        return new Arguments(mount, handler, from, backing, isVerbose);
    }
}
