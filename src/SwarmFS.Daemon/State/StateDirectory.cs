using System.Globalization;
using SwarmFS.Control;

namespace SwarmFS.Daemon.State;

/// <summary>
/// A node's directory, held by one node at a time:
/// <code>
/// lock              locked while a node runs         pid            whose process that is
/// control.sock      where commands arrive        view.lock      held by a command that makes a view
/// node.key          the node's identity          importer.key   signs what it imports
/// log.entries       this node's own log          followed-….entries   logs that it follows
/// catalogue/        checkpoints, announcements, pinned versions, policy/ that is followed, evidence/ of forks
/// inodes.log        inode slots given
/// peers.txt         peers to remember            import/        what imports remember of repositories
/// store/            blocks                       daemon.log     written by up --detach; daemon.log.1 is older
/// views             those to make again at the next start
/// mount             where it is mounted, while it is
/// *.damaged         a journal of slots or of a followed log that was damaged, set aside
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

    /// <summary>Entries of this node's own log.</summary>
    public string LogEntries => In("log.entries");

    /// <summary>Small files of the catalogue.</summary>
    public string Catalogue => In("catalogue");

    /// <summary>The policy that is followed, with those before it.</summary>
    public string PolicyVersions => System.IO.Path.Combine(Catalogue, "policy");

    /// <summary>Entries of another importer's log.</summary>
    /// <param name="id">Of its key.</param>
    public string FollowedEntries(string id) => In($"followed-{id}.entries");

    public string InodeSlots => In("inodes.log");

    public string ImporterKey => In("importer.key");

    public string PeerBook => In("peers.txt");

    public string Import => In("import");

    /// <summary>What a detached node says.</summary>
    public string Log => In("daemon.log");

    /// <summary>Views that stood when the node ended.</summary>
    public string Views => In("views");

    /// <summary>Where the node is mounted.</summary>
    public string Mount => In("mount");

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
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = OwnerOnly,
            });
            File.WriteAllText(PidFile(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
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
        File.Delete(PidFile(Path));
        _lock.Dispose();
    }

    private static string PidFile(string path) => System.IO.Path.Combine(path, "pid");

    private string In(string name) => System.IO.Path.Combine(Path, name);

    private static int? ReadHolder(string path)
    {
        try
        {
            return int.TryParse(File.ReadAllText(PidFile(path)).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
