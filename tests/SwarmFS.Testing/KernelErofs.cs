namespace SwarmFS.Testing;

/// <summary>What the kernel below the tests can do with images.</summary>
public static class KernelErofs
{
    /// <summary>Whether it mounts a file: Linux 6.12, and EROFS built in or loaded.</summary>
    public static bool MountsFiles =>
        Environment.OSVersion.Version >= new Version(6, 12) && File.ReadAllLines("/proc/filesystems").Any(line => line.EndsWith("\terofs", StringComparison.Ordinal));
}
