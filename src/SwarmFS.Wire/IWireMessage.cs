using System.Buffers;
using SwarmFS.Core;

namespace SwarmFS.Wire;

/// <summary>
/// A control message: one kind of frame with a canonical MessagePack body. An array's fields are all there, in order; only HELLO is a map, so that a newer node can say
/// more than an older one understands.
/// </summary>
public interface IWireMessage<TSelf> where TSelf : IWireMessage<TSelf>
{
    static abstract FrameKind Kind { get; }

    void WriteBody(in MessagePackWriter writer);

    /// <exception cref="MessagePackFormatException">The body is not one of this kind.</exception>
    static abstract TSelf ReadBody(ref MessagePackReader reader);
}

/// <summary>Bytes of a body to a message, and back; the boundary at which hostile input turns into a result.</summary>
public static class WireMessage
{
    /// <param name="error">What is wrong, naming the kind and the byte.</param>
    public static bool TryRead<T>(ReadOnlySpan<byte> body, out T message, out string? error) where T : IWireMessage<T>
    {
        try
        {
            var reader = new MessagePackReader(body);
            message = T.ReadBody(ref reader);
            reader.End();
            error = null;
            return true;
        }
        catch (MessagePackFormatException malformed)
        {
            message = default!;
            error = $"a malformed {T.Kind} frame: {malformed.Message}";
            return false;
        }
    }

    /// <summary>Appends the whole frame, header and body.</summary>
    public static void WriteFrame<T>(FrameBuffer output, uint requestId, in T message) where T : IWireMessage<T>
    {
        var start = output.BeginFrame();
        message.WriteBody(new MessagePackWriter(output));
        output.EndFrame(start, T.Kind, requestId);
    }
}
