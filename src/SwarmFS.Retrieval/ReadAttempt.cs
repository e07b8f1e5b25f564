using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// One reader's patience: its deadline, its token, and what the sources have said so far. The deadline is for sources that deliver nothing: while blocks of the root come, one after another over
/// a slow line, or parts of a large one, it moves along.
/// </summary>
internal sealed class ReadAttempt : IDisposable
{
    /// <summary>So many deadlines are the end in any case: a source that sends everything but what is waited for must not keep a reader for ever.</summary>
    private const int MostDeadlines = 20;

    private readonly TimeProvider _time;
    private readonly RootAccount _account;
    private readonly TimeSpan _limit;
    private readonly TimeSpan _grace;
    private readonly long _start;
    private readonly CancellationToken _reader;
    private readonly CancellationTokenSource _either;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private bool _disposed;

    /// <param name="account">Of the root that is read.</param>
    /// <param name="limit">How long nothing may come.</param>
    /// <param name="grace">How much longer than the deadline the sources' account is waited for.</param>
    /// <param name="reader">Cancelled when the reader has left.</param>
    public ReadAttempt(TimeProvider time, RootAccount account, TimeSpan limit, TimeSpan grace, CancellationToken reader)
    {
        (_time, _account, _limit, _grace, _reader) = (time, account, limit, grace, reader);
        _start = time.GetTimestamp();
        _either = CancellationTokenSource.CreateLinkedTokenSource(reader);
        _timer = time.CreateTimer(static attempt => ((ReadAttempt)attempt!).Look(), this, limit + grace, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A <see cref="TimeProvider"/> timestamp, as things stand.</summary>
    public long Deadline => Math.Min(_time.After(Math.Max(_start, _account.LastReceived), _limit), _time.After(_start, MostDeadlines * _limit));

    /// <summary>Cancelled when the reader left or the deadline and its grace passed.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>The last account a source gave.</summary>
    public string? Explanation { get; set; }

    public bool IsOver => _time.HasPassed(Deadline);

    private void Look()
    {
        lock (_gate)
        {
            if (_disposed) return;
            var left = _time.Until(_time.After(Deadline, _grace));
            if (left > TimeSpan.Zero) _timer.Change(left, Timeout.InfiniteTimeSpan);
            else _ = _either.CancelAsync();
        }
    }

    /// <summary>What a wait that did not succeed turns into: the reader's own cancellation, or the account of who was asked.</summary>
    public Exception Failure(Cid root, Cid block)
    {
        if (_reader.IsCancellationRequested) return new OperationCanceledException(_reader);
        var account = Explanation ?? "the sources have not answered";
        return new ContentUnavailableException(
            $"Block {block} of root {root} could not be had within {_limit.TotalSeconds:0.###} s: {account}. Reading again asks again; 'swarmfs peers' shows who is connected.");
    }

    public void Dispose()
    {
        lock (_gate) _disposed = true;
        _timer.Dispose();
        _either.Dispose();
    }
}
