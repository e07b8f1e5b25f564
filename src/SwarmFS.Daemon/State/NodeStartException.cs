namespace SwarmFS.Daemon.State;

/// <summary>The node cannot start. The message says what stands in the way and what to do; nothing was changed.</summary>
internal sealed class NodeStartException(string message) : Exception(message);
