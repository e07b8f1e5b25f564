using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>One reader's patience: its deadline, its token, and what the sources have said so far.</summary>
internal sealed class ReadAttempt : IDisposable
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _limit;
    private readonly CancellationToken _reader;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;

    /// <param name="grace">How much longer than the deadline the sources' account is waited for.</param>
    /// <param name="reader">Cancelled when the reader has left.</param>
    public ReadAttempt(TimeProvider time, TimeSpan limit, TimeSpan grace, CancellationToken reader)
    {
        _time = time;
        _limit = limit;
        _reader = reader;
        Deadline = time.TimestampIn(limit);
        _timer = new CancellationTokenSource(limit + grace, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, reader);
    }

    /// <summary>A <see cref="TimeProvider"/> timestamp.</summary>
    public long Deadline { get; }

    /// <summary>Cancelled when the reader left or the deadline and its grace passed.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>The last account a source gave.</summary>
    public string? Explanation { get; set; }

    public bool IsOver => _time.HasPassed(Deadline);

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
        _either.Dispose();
        _timer.Dispose();
    }
}
