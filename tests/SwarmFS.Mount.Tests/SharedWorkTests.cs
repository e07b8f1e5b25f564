namespace SwarmFS.Mount.Tests;

public sealed class SharedWorkTests
{
    private readonly SharedWork<int> _shared = new();
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _started;

    private async Task Work(CancellationToken cancelled)
    {
        Interlocked.Increment(ref _started);
        await _end.Task.WaitAsync(cancelled);
    }

    [Fact]
    public async Task Many_who_ask_for_one_thing_cause_it_to_be_done_once()
    {
        var waiting = Enumerable.Range(0, 50).Select(_ => _shared.JoinAsync(1, Work, CancellationToken.None)).ToArray();
        var other = _shared.JoinAsync(2, Work, CancellationToken.None);
        _end.SetResult();
        await Task.WhenAll([.. waiting, other]);
        _started.ShouldBe(2);
    }

    [Fact]
    public async Task Who_goes_takes_nothing_from_the_others_and_the_last_takes_the_work_along()
    {
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task Watched(CancellationToken token)
        {
            try
            {
                await Work(token);
            }
            finally
            {
                cancelled.SetResult();
            }
        }
        var waiting = new[] { _shared.JoinAsync(1, Watched, first.Token), _shared.JoinAsync(1, Watched, second.Token) };
        await first.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting[0]);
        cancelled.Task.IsCompleted.ShouldBeFalse();
        await second.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting[1]);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_failure_is_told_to_all_who_wait_and_not_remembered()
    {
        var failing = new[] { _shared.JoinAsync(1, Work, CancellationToken.None), _shared.JoinAsync(1, Work, CancellationToken.None) };
        _end.SetException(new IOException("gone"));
        foreach (var task in failing) (await Should.ThrowAsync<IOException>(task)).Message.ShouldBe("gone");
        await _shared.JoinAsync(1, _ => Task.CompletedTask, CancellationToken.None);
    }
}
