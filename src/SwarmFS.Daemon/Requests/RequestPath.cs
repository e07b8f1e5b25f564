using SwarmFS.Control;

namespace SwarmFS.Daemon.Requests;

/// <summary>Paths of this machine that a request names.</summary>
internal static class RequestPath
{
    /// <exception cref="RequestException">It is not absolute.</exception>
    public static string Absolute(string path) =>
        Path.IsPathRooted(path) ? path : throw new RequestException(ControlErrors.Usage, $"{path} is not an absolute path.", "The node has a working directory of its own; send the whole path.");
}
