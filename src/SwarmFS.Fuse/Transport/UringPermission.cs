using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse;

/// <summary>
/// The kernel's switch for FUSE over io_uring, which is off unless somebody sets it. It is looked at when a mount is made and its handshake answered; a connection that has rings keeps them
/// whatever becomes of it. So it is on while this is held and then as it was: other servers see nothing of it. One process at a time holds it.
/// </summary>
internal sealed class UringPermission : IDisposable
{
    private const string Switch = "/sys/module/fuse/parameters/enable_uring";

    // A mount and its handshake take milliseconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly SafeFileHandle? _switch;
    private readonly bool _isOurs;

    private UringPermission(SafeFileHandle? held, bool isGiven, bool isOurs) => (_switch, IsGiven, _isOurs) = (held, isGiven, isOurs);

    /// <summary>Rings may be asked for.</summary>
    public bool IsGiven { get; }

    /// <param name="maySet">False to take what is there.</param>
    public static UringPermission Ask(bool maySet)
    {
        if (maySet && TryHold(FileAccess.ReadWrite, FileShare.None) is { } held)
        {
            var isOn = IsOn(held);
            var isSet = !isOn && TrySet(held, "Y");
            return new UringPermission(held, isOn || isSet, isSet);
        }
        var seen = TryHold(FileAccess.Read, FileShare.Read);
        return new UringPermission(seen, seen is not null && IsOn(seen), isOurs: false);
    }

    private static bool IsOn(SafeFileHandle held)
    {
        Span<byte> value = stackalloc byte[1];
        return RandomAccess.Read(held, value, 0) == 1 && value[0] == (byte)'Y';
    }

    private static bool TrySet(SafeFileHandle held, string value)
    {
        try
        {
            RandomAccess.Write(held, System.Text.Encoding.ASCII.GetBytes(value), 0);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // With a lock of the file (flock), exclusive or shared, that only these processes heed. Null where it is not there, may not be opened, or was held by others all the while.
    private static SafeFileHandle? TryHold(FileAccess access, FileShare share)
    {
        SafeFileHandle? held = null;
        SpinWait.SpinUntil(() => TryOpen(access, share, out held), Patience);
        return held;
    }

    /// <returns>False when another process holds it.</returns>
    private static bool TryOpen(FileAccess access, FileShare share, out SafeFileHandle? held)
    {
        held = null;
        try
        {
            held = File.OpenHandle(Switch, FileMode.Open, access, share);
            return true;
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            return refused.HResult != (int)Errno.EAGAIN;
        }
    }

    public void Dispose()
    {
        if (_isOurs) TrySet(_switch!, "N");
        _switch?.Dispose();
    }
}
