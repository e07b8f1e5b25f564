using Microsoft.Extensions.Logging.Abstractions;

namespace SwarmFS.Fuse.Tests;

/// <summary>A dispatcher with a recording channel in the kernel's place.</summary>
internal sealed class DispatcherFixture : IDisposable
{
    public const int MaxReadBytes = 1 << 20;

    public DispatcherFixture(FuseHandler handler, bool onlyCounts = false, Func<uint, bool>? isDying = null)
    {
        Channel = new RecordingChannel { OnlyCounts = onlyCounts };
        Dispatcher = new FuseDispatcher(handler, Channel, MaxReadBytes, isDying ?? (_ => true), NullLogger.Instance);
        Context = Dispatcher.NewContext();
    }

    public RecordingChannel Channel { get; }
    public FuseDispatcher Dispatcher { get; }
    public RequestContext Context { get; }

    public void Receive(ReadOnlySpan<byte> message) => Receive(Context, message);

    public void Receive(RequestContext context, ReadOnlySpan<byte> message)
    {
        message.CopyTo(context.RequestBuffer);
        Dispatcher.Dispatch(context, message.Length);
    }

    /// <summary>The one answer to this request.</summary>
    public (FuseOutHeader Header, byte[] Payload) AnswerTo(ulong unique) => Channel.Answers.Single(answer => answer.Header.Unique == unique);

    public int AnswersTo(ulong unique) => Channel.Answers.Count(answer => answer.Header.Unique == unique);

    public void Dispose() => Dispatcher.Drop(Context);
}
