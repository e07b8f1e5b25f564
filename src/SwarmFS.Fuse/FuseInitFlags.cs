namespace SwarmFS.Fuse;

/// <summary>Capabilities of INIT (FUSE_* of linux/fuse.h, flags and flags2 as one number). A session asks for a subset of what the kernel offers.</summary>
[Flags]
public enum FuseInitFlags : ulong
{
    None = 0,
    AsyncRead = 1UL << 0,
    BigWrites = 1UL << 5,
    DoReaddirplus = 1UL << 13,
    ReaddirplusAuto = 1UL << 14,
    AsyncDio = 1UL << 15,
    NoOpenSupport = 1UL << 17,
    ParallelDirops = 1UL << 18,
    PosixAcl = 1UL << 20,
    AbortError = 1UL << 21,
    MaxPages = 1UL << 22,
    CacheSymlinks = 1UL << 23,
    NoOpendirSupport = 1UL << 24,
    ExplicitInvalData = 1UL << 25,
    InitExt = 1UL << 30,
    HasExpireOnly = 1UL << 35,
    Passthrough = 1UL << 37,
    NoExportSupport = 1UL << 38,
    HasResend = 1UL << 39,
    OverIoUring = 1UL << 41,
}
