using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse;

/// <summary>
/// Mounting without privilege: the setuid program fusermount3 opens the device, mounts, and passes the descriptor back over a socket whose number it finds in the environment
/// (fuse3's util/fusermount.c).
/// </summary>
internal static unsafe class Fusermount
{
    private const string Program = "fusermount3";

    // By its whole path: the runtime looks for a bare name in the current directory before it looks in PATH.
    private const string ProgramPath = "/usr/bin/" + Program;

    private const string SocketVariable = "_FUSE_COMMFD";
    private const int UnixDomain = 1;
    private const int StreamSocket = 1;
    private const int CloseOnExec = 0x80000;
    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int ReceiveCloseOnExec = 0x40000000;

    // It answers in milliseconds, unless the mount point's own filesystem hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <exception cref="FuseMountException">It is missing, or refused; its own words are in the message.</exception>
    public static SafeFileHandle Mount(FuseMountOptions options, string mountPoint)
    {
        var pair = stackalloc int[2];
        if (Libc.SocketPair(UnixDomain, StreamSocket | CloseOnExec, 0, pair) < 0) throw new FuseMountException($"no socket for {Program}", Libc.LastError);
        using var ours = new SafeFileHandle(pair[0], ownsHandle: true);
        using var theirs = new SafeFileHandle(pair[1], ownsHandle: true);
        var inherited = Libc.Duplicate(pair[1]);
        try
        {
            using var process = Start(["-o", Options(options), "--", mountPoint], inherited);
            theirs.Dispose();
            _ = Libc.Close(inherited);
            inherited = -1;
            var device = Receive(pair[0]);
            var words = process.StandardError.ReadToEnd().Trim();
            process.WaitForExit(Patience);
            if (device >= 0) return new SafeFileHandle(device, ownsHandle: true);
            throw new FuseMountException($"mounting on {options.MountPoint} failed: {(words.Length > 0 ? words : $"{Program} gave no reason")}", Errno.EPERM);
        }
        catch (Win32Exception)
        {
            throw new FuseMountException($"mounting on {options.MountPoint} needs root, or the program {ProgramPath} (Debian: apt install fuse3)", Errno.EPERM);
        }
        finally
        {
            if (inherited >= 0) _ = Libc.Close(inherited);
        }
    }

    public static bool Unmount(string mountPoint, bool lazily)
    {
        try
        {
            using var process = Start(lazily ? ["-u", "-q", "-z", "--", mountPoint] : ["-u", "-q", "--", mountPoint], socket: -1);
            _ = process.StandardError.ReadToEnd();
            return process.WaitForExit(Patience) && process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static string Options(FuseMountOptions options)
    {
        List<string> words = [$"fsname={options.FsName}", $"subtype={options.Subtype}", options.ReadOnly ? "ro" : "rw"];
        if (options.NoSuid) words.Add("nosuid");
        if (options.NoDev) words.Add("nodev");
        if (options.NoAtime) words.Add("noatime");
        if (options.DefaultPermissions) words.Add("default_permissions");
        if (options.AllowOther) words.Add("allow_other");
        return string.Join(',', words);
    }

    private static Process Start(string[] arguments, int socket)
    {
        var start = new ProcessStartInfo(ProgramPath, arguments) { RedirectStandardError = true };
        if (socket >= 0) start.Environment[SocketVariable] = socket.ToString(CultureInfo.InvariantCulture);
        return Process.Start(start) ?? throw new Win32Exception();
    }

    // One byte of data, and with it one descriptor.
    private static int Receive(int socket)
    {
        byte data;
        var vector = new Libc.IoVector { Base = &data, Length = 1 };
        var control = stackalloc ControlMessage[1];
        var message = new Libc.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = sizeof(ControlMessage) };
        nint received;
        do received = Libc.ReceiveMessage(socket, &message, ReceiveCloseOnExec);
        while (received < 0 && Libc.LastError == Errno.EINTR);
        return received == 1 && message.ControlLength >= ControlMessage.LengthOfOne && control->Level == SocketLevel && control->Type == Rights ? control->Descriptor : -1;
    }

    /// <summary>struct cmsghdr of 64-bit Linux with one descriptor behind it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ControlMessage
    {
        public const int LengthOfOne = 20;

        public nint Length;
        public int Level;
        public int Type;
        public int Descriptor;
        public int Padding;
    }
}
