namespace SwarmFS.Fuse;

/// <summary>The kernel's handles on a mount outside the protocol: its directories below /sys, named by the mount's device number.</summary>
internal sealed class FuseConnection(string device)
{
    private const string Connections = "/sys/fs/fuse/connections";

    /// <summary>major:minor of the mount.</summary>
    public string Device { get; } = device;

    /// <summary>Sets the read-ahead window.</summary>
    public bool TrySetReadAhead(int kib) => TryWrite($"/sys/class/bdi/{Device}/read_ahead_kb", kib.ToString());

    /// <summary>Ends the connection; needs the control filesystem, which is mounted for that if it is not there and we may.</summary>
    public bool TryAbort()
    {
        var file = $"{Connections}/{MountInfo.Minor(Device)}/abort";
        if (!File.Exists(file)) _ = Libc.Mount("fusectl", Connections, "fusectl", Libc.MountNoSuid | Libc.MountNoDev, "");
        return TryWrite(file, "1");
    }

    private static bool TryWrite(string file, string value)
    {
        try
        {
            if (!File.Exists(file)) return false;
            File.WriteAllText(file, value);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
