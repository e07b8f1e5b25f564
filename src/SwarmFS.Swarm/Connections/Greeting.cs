using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>How a greeting ended: with the peer's HELLO, or with the reason why not.</summary>
/// <param name="IsOffence">The peer broke the protocol, as against being full or gone.</param>
internal readonly record struct GreetingResult(Hello? Hello, string? Refusal, bool IsOffence, GoodbyeReason? Goodbye = null);

// Silent -> [send HELLO] -> Greeted
// Greeted -> [HELLO that the node admits; send HELLO-OK] -> Accepting -> [HELLO-OK] -> Open
// Greeted -> [HELLO-OK] -> Accepted -> [HELLO that the node admits; send HELLO-OK] -> Open
// any -> [GOODBYE, end, anything else, a frame above 1 KiB] -> Refused

/// <summary>The first frames of a connection. That TLS succeeded says nothing (a client finishes before the server has judged it): only HELLO-OK makes a peer.</summary>
internal sealed class Greeting(IPeerLink link, FrameReader reader, Hello own, Func<Hello, Goodbye?> admit)
{
    /// <summary>Protocol versions that this node speaks.</summary>
    public static readonly uint[] Versions = [1];

    public async Task<GreetingResult> RunAsync(CancellationToken cancellationToken)
    {
        await SendAsync(own, cancellationToken);
        Hello? hello = null;
        var accepted = false;
        while (hello is null || !accepted)
        {
            var read = await reader.ReadAsync(WireLimits.GreetingBodyLength, cancellationToken);
            if (read.Fault is { } fault) return Offence(fault);
            if (read.Frame is not { } frame) return new GreetingResult(null, "the other side hung up before HELLO-OK", false);
            try
            {
                switch (frame.Header.Kind)
                {
                    case FrameKind.Hello when hello is null:
                        if (!WireMessage.TryRead<Hello>(frame.Body.Span, out hello, out var malformed)) return Offence(malformed!);
                        if (await JudgeAsync(hello, cancellationToken) is { } refused) return refused;
                        break;
                    case FrameKind.HelloOk when !accepted:
                        if (!WireMessage.TryRead<HelloOk>(frame.Body.Span, out var ok, out malformed)) return Offence(malformed!);
                        if (!Versions.Contains(ok.Version)) return Offence($"HELLO-OK for version {ok.Version}, which was not offered");
                        accepted = true;
                        break;
                    case FrameKind.Goodbye:
                        if (!WireMessage.TryRead<Goodbye>(frame.Body.Span, out var goodbye, out malformed)) return Offence(malformed!);
                        return new GreetingResult(null, $"the other side refused: {goodbye.Reason}, {goodbye.Text}", false, goodbye.Reason);
                    default:
                        return Offence($"a {frame.Header.Kind} frame before the greeting was over");
                }
            }
            finally
            {
                frame.Body.Return();
            }
        }
        return new GreetingResult(hello, null, false);
    }

    /// <returns>Null when the peer is accepted; HELLO-OK has been sent then.</returns>
    private async ValueTask<GreetingResult?> JudgeAsync(Hello hello, CancellationToken cancellationToken)
    {
        if (hello.NodeId != link.RemoteId.Digest) return Offence("HELLO names another node id than the certificate");
        var common = hello.Versions.Where(Versions.Contains).DefaultIfEmpty().Max();
        var refusal = common == 0 ? new Goodbye(GoodbyeReason.Version, "no protocol version in common") : admit(hello);
        if (refusal is not null)
        {
            await SendAsync(refusal, cancellationToken);
            return new GreetingResult(hello, refusal.Text, false, refusal.Reason);
        }
        await SendAsync(new HelloOk(common), cancellationToken);
        return null;
    }

    private async ValueTask SendAsync<T>(T message, CancellationToken cancellationToken) where T : IWireMessage<T>
    {
        using var frame = new FrameBuffer();
        WireMessage.WriteFrame(frame, 0, message);
        await link.WriteAsync(frame.Written.ToArray(), cancellationToken);
    }

    private static GreetingResult Offence(string what) => new(null, what, true);
}
