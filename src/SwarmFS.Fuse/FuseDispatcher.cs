using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace SwarmFS.Fuse;

/// <summary>
/// Turns one message of the kernel into one call of the handler and one answer. Nothing in a message is believed before its length was checked; nothing a handler does
/// leaves a request without its one answer. A request that needs no parking allocates nothing.
/// </summary>
internal sealed partial class FuseDispatcher(FuseHandler handler, FuseChannel channel, int maxReadBytes, Func<uint, bool> isDying, ILogger logger)
{
    // The kernel bounds read-ahead by max_background, and every other request is a thread that waits; at about 300 bytes each this is 20 MB.
    private const int MaxParked = 65536;

    // Contexts kept for threads that retry; each holds a reply buffer of the largest READ.
    private const int MaxIdleContexts = 8;

    // XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h.
    private const int MaxXattrBytes = 65536;

    // The kernel takes errors from -511 to 0 as errors and drops the whole message otherwise, leaving the caller waiting for ever.
    private const int LeastError = -511;

    private static readonly int ParkedValue = FuseResult.Parked.Value;
    private static readonly int HeaderBytes = Unsafe.SizeOf<FuseInHeader>();

    private readonly FuseHandler _handler = handler;
    private readonly CallerWatch _watch = new(isDying);
    private readonly ConcurrentDictionary<ulong, ParkedRequest> _parked = new();
    private readonly ConcurrentStack<RequestContext> _idle = new();
    private readonly long[] _countsOfDropped = new long[FuseMetrics.Opcodes];
    private ImmutableArray<RequestContext> _contexts = [];
    private bool _hasEnded;

    /// <summary>What the tree shows as the mount's root is a directory of it (<see cref="ShownRoot"/>).</summary>
    public bool ShowsSubdirectory { get; init; }

    public int ParkedCount => _parked.Count;
    public int WatchedCount => _watch.Count;

    public RequestContext NewContext()
    {
        var context = new RequestContext(this, Math.Max(maxReadBytes, MaxXattrBytes));
        ImmutableInterlocked.Update(ref _contexts, static (all, added) => all.Add(added), context);
        return context;
    }

    public void Drop(RequestContext context)
    {
        ImmutableInterlocked.Update(ref _contexts, static (all, dropped) => all.Remove(dropped), context);
        for (var i = 0; i < FuseMetrics.Opcodes; i++) Interlocked.Add(ref _countsOfDropped[i], context.Counts[i]);
        context.Dispose();
    }

    public void CopyCounts(Span<long> counts)
    {
        _countsOfDropped.CopyTo(counts);
        foreach (var context in _contexts)
        {
            for (var i = 0; i < counts.Length; i++) counts[i] += context.Counts[i];
        }
    }

    /// <summary>Answers the message that lies in the context's request buffer.</summary>
    public void Dispatch(RequestContext context, int length)
    {
        var message = context.RequestBuffer[..length];
        if (!MemoryMarshal.TryRead<FuseInHeader>(message, out var header))
        {
            logger.MalformedRequest(length, 0);
            return;
        }

        if (header.Len != length || header.TotalExtLen * 8 > length - HeaderBytes)
        {
            logger.MalformedRequest(length, header.Opcode);
            Send(header.Unique, -(int)Errno.EINVAL, default);
            return;
        }

        Turn(context, length, header, parked: null);
    }

    /// <summary>Dispatches a parked request again, on the calling thread.</summary>
    public void Retry(ParkedRequest parked)
    {
        var context = _idle.TryPop(out var idle) ? idle : NewContext();
        var message = parked.Message;
        message.CopyTo(context.RequestBuffer);
        Turn(context, message.Length, MemoryMarshal.Read<FuseInHeader>(message), parked);
        if (_idle.Count < MaxIdleContexts && !Volatile.Read(ref _hasEnded)) _idle.Push(context);
        else Drop(context);
    }

    public ParkedRequest Save(ulong unique, ReadOnlySpan<byte> message)
    {
        if (_parked.Count >= MaxParked) throw new IOException($"{MaxParked} requests are parked already; this one is refused");
        var parked = new ParkedRequest(this, unique, message);
        _parked[unique] = parked;
        return parked;
    }

    /// <summary>The caller of a parked request got a signal, which may or may not end it.</summary>
    public void Interrupted(ParkedRequest parked) => _watch.Interrupted(parked);

    public void Forget(ParkedRequest parked) => _parked.TryRemove(new KeyValuePair<ulong, ParkedRequest>(parked.Unique, parked));

    /// <exception cref="ArgumentException">The request is no READ, or wants fewer bytes.</exception>
    public static void CheckAnswer(ParkedRequest parked, int length)
    {
        var header = MemoryMarshal.Read<FuseInHeader>(parked.Message);
        if ((FuseOpcode)header.Opcode != FuseOpcode.Read) throw new ArgumentException("only a READ can be answered with data", nameof(parked));
        var wanted = MemoryMarshal.Read<FuseReadIn>(parked.Message[HeaderBytes..]).Size;
        if (length > wanted) throw new ArgumentException($"{length} bytes for a READ of {wanted}", nameof(length));
    }

    public void Send(ulong unique, int error, ReadOnlySpan<byte> payload)
    {
        var header = new FuseOutHeader { Len = (uint)(Unsafe.SizeOf<FuseOutHeader>() + payload.Length), Error = error, Unique = unique };
        Check(channel.Send(MemoryMarshal.AsBytes(new ReadOnlySpan<FuseOutHeader>(in header)), payload));
    }

    /// <summary>The kernel has let go: cancels what is parked and frees what is idle.</summary>
    public void End()
    {
        Volatile.Write(ref _hasEnded, true);
        _watch.End();
        foreach (var parked in _parked.Values) parked.Abandon();
        while (_idle.TryPop(out var context)) Drop(context);
    }

    private void Turn(RequestContext context, int length, in FuseInHeader header, ParkedRequest? parked)
    {
        context.Begin(length, header.Unique, header.Opcode, parked);
        if (HasAnswer(context, header))
        {
            var value = Call(context, header);
            if (value == ParkedValue && !context.HasParked) value = OutOfBounds(value, header);
            if (value != ParkedValue && MayAnswer(context)) Answer(context, header, value);
        }

        context.End();
    }

    // Forgetting and interrupting are said, not asked. Node numbers are the handler's for ever, so nothing is kept that could be forgotten.
    private bool HasAnswer(RequestContext context, in FuseInHeader header)
    {
        switch ((FuseOpcode)header.Opcode)
        {
            case FuseOpcode.Forget or FuseOpcode.BatchForget: return false;
            case FuseOpcode.Interrupt:
                Interrupt(context.Message);
                return false;
            default: return true;
        }
    }

    // Who parked a request and still answers it here competes with the threads that saw it parked.
    private static bool MayAnswer(RequestContext context)
    {
        if (context.Parked is not { } parked) return true;
        if (context.HasParked) return parked.TryAnswer();
        parked.AnsweredInTurn();
        return true;
    }

    private void Answer(RequestContext context, in FuseInHeader header, int value)
    {
        Check(channel.Send(value < 0 ? context.Answer(header.Unique, value, 0) : context.Answer(header.Unique, 0, value)));
    }

    [SuppressMessage("Design", "CA1031", Justification = "whatever a handler throws, the caller in the kernel gets an answer")]
    private int Call(RequestContext context, in FuseInHeader header)
    {
        try
        {
            var arguments = context.Message[HeaderBytes..^(header.TotalExtLen * 8)];
            var value = Perform(context, header, arguments);
            return value >= LeastError || value == ParkedValue ? value : OutOfBounds(value, header);
        }
        catch (Exception e)
        {
            logger.HandlerFailed(e, header.Opcode, header.NodeId);
            return -(int)Errno.EIO;
        }
    }

    private int OutOfBounds(int value, in FuseInHeader header)
    {
        logger.AnswerOutOfBounds(value, header.Opcode, header.NodeId);
        return -(int)Errno.EIO;
    }

    // ENOENT: the caller was killed meanwhile. ENODEV, ECONNABORTED: the mount has gone, which the readers notice themselves.
    private void Check(Errno errno)
    {
        if (errno is not (0 or Errno.ENOENT or Errno.ENODEV or Errno.ECONNABORTED)) logger.AnswerRefused(errno);
    }
}
