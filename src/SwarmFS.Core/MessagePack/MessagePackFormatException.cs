namespace SwarmFS.Core;

/// <summary>Bytes that are not the canonical MessagePack that was expected. Decoders of hostile input catch it at their boundary and answer with a result.</summary>
/// <param name="position">The offset in bytes at which reading failed.</param>
/// <param name="reason">What is wrong, without a full stop.</param>
public sealed class MessagePackFormatException(int position, string reason) : Exception($"At byte {position}: {reason}.")
{
    public int Position { get; } = position;

    public string Reason { get; } = reason;
}
