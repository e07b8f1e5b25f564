using SwarmFS.Control;

namespace SwarmFS.Daemon.Requests;

/// <summary>A request that is not done; carries what the asker is told.</summary>
internal sealed class RequestException(string code, string message, string? remedy = null) : Exception(message)
{
    public ControlError Error { get; } = new(code, message, remedy);
}
