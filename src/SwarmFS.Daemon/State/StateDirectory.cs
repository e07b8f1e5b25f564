using System.Globalization;
using SwarmFS.Control;

namespace SwarmFS.Daemon.State;

/// <summary>
/// A node's directory, held by one node at a time:
/// <code>
/// lock              held while a node runs; holds its pid
/// control.sock      where commands arrive
/// node.key          the node's identity          importer.key   signs what it imports
/// catalogue.log     announcements                inodes.log     inode slots given
/// peers.json        peers to remember            import/        what imports remember of repositories
/// store/            blocks                       daemon.log     written by up --detach
/// </code>
/// </summary>
internal sealed class StateDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream _lock;

    private StateDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    public string Socket => ControlProtocol.SocketPath(Path);

    public string Store => In("store");

    public string Catalogue => In("catalogue.log");

    public string InodeSlots => In("inodes.log");

    public string ImporterKey => In("importer.key");

    public string PeerBook => In("peers.json");

    public string Import => In("import");

    /// <exception cref="NodeStartException">Another node holds it, or it cannot be used.</exception>
    public static StateDirectory Open(string path)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(ControlProtocol.SocketPath(path)) > ControlProtocol.MaxSocketPathLength)
            throw new NodeStartException($"The state directory's path {path} is too long: a socket's path has at most {ControlProtocol.MaxSocketPathLength} bytes. Choose a shorter one with --state.");
        try
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            var held = new FileStream(System.IO.Path.Combine(path, "lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly,
            });
            held.SetLength(0);
            held.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
            held.Flush();
            return new StateDirectory(path, held);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (ReadHolder(path) is { } pid)
                throw new NodeStartException($"A node with pid {pid} already runs on {path}. Talk to it with swarmfs --state {path} status, stop it with swarmfs --state {path} down, or choose another directory with --state.");
            throw new NodeStartException($"The state directory {path} cannot be used: {e.Message} Choose another one with --state, or run as its owner.");
        }
    }

    public void Dispose()
    {
        _lock.SetLength(0);
        _lock.Dispose();
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);

    private static int? ReadHolder(string path)
    {
        try
        {
            // A share of all is the one way to open a locked file: it asks for no lock.
            using var file = new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return int.TryParse(reader.ReadLine(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
