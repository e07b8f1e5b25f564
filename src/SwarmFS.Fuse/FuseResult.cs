namespace SwarmFS.Fuse;

/// <summary>What a handler's method answers: a count of bytes (0 where there are none), a negative errno, or "parked".</summary>
public readonly record struct FuseResult(int Value)
{
    public static FuseResult Ok => new(0);

    /// <summary>The request was parked and is finished through its <see cref="ParkedRequest"/>.</summary>
    public static FuseResult Parked => new(int.MinValue);

    public static FuseResult NotImplemented => Error(Errno.ENOSYS);

    public static FuseResult Bytes(int count) => new(count);

    public static FuseResult Error(Errno errno) => new(-(int)errno);

    public bool IsError => Value < 0 && Value != int.MinValue;
}

/// <summary>Linux error numbers that a read-only filesystem answers with (asm-generic/errno-base.h, errno.h).</summary>
public enum Errno
{
    EPERM = 1,
    ENOENT = 2,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EBUSY = 16,
    EXDEV = 18,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    EFBIG = 27,
    ENOSPC = 28,
    EROFS = 30,
    ERANGE = 34,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ELOOP = 40,
    ENODATA = 61,
    EOPNOTSUPP = 95,
    ECONNABORTED = 103,
    ENOTCONN = 107,
    ETIMEDOUT = 110,
    ESTALE = 116,
    ECANCELED = 125,
}
