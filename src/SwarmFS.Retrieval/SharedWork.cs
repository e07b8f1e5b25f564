using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>Work that is done once for all who want its result at the same time, and called off when the last of them has left.</summary>
internal sealed class SharedWork<T>
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Cid, Work> _works = [];

    public async Task<T> JoinAsync(Cid key, Func<CancellationToken, Task<T>> begin, CancellationToken cancellationToken)
    {
        Work? work;
        bool isFirst;
        lock (_gate)
        {
            isFirst = !_works.TryGetValue(key, out work);
            if (isFirst) _works.Add(key, work = new Work());
            work!.Joined++;
        }
        if (isFirst) _ = RunAsync(key, work, begin);
        try
        {
            return await work.Result.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            bool isLast;
            lock (_gate)
            {
                isLast = --work.Joined == 0;
                if (isLast) Forget(key, work);
            }
            if (isLast) await work.Over.CancelAsync();
        }
    }

    private async Task RunAsync(Cid key, Work work, Func<CancellationToken, Task<T>> begin)
    {
        try
        {
            var result = await begin(work.Over.Token);
            lock (_gate) Forget(key, work);
            work.Result.TrySetResult(result);
        }
        catch (Exception error)
        {
            lock (_gate) Forget(key, work);
            work.Result.TrySetException(error);
            // When everybody has left, nobody else looks at the exception.
            _ = work.Result.Task.Exception;
        }
    }

    private void Forget(Cid key, Work work)
    {
        if (_works.TryGetValue(key, out var current) && current == work) _works.Remove(key);
    }

    private sealed class Work
    {
        public TaskCompletionSource<T> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Without a timer it holds nothing that needs disposing.
        public CancellationTokenSource Over { get; } = new();

        public int Joined { get; set; }
    }
}
