namespace SwarmFS.Import;

/// <summary>
/// Joins calls for the same thing: the first runs it, the others wait for its result. It runs until it ends or nobody waits any more. Safe from any thread.
/// </summary>
/// <typeparam name="TResult">Disposed when the last of those who waited has let go of it.</typeparam>
internal sealed class SingleFlight<TKey, TResult>
    where TKey : notnull
    where TResult : class, IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Flight> _flights = [];

    /// <returns>The result, shared; the caller disposes it when it has taken hold of what it needs.</returns>
    public async Task<Shared> RunAsync(TKey key, Func<CancellationToken, Task<TResult>> run, CancellationToken cancellationToken)
    {
        Flight flight;
        lock (_gate)
        {
            if (!_flights.TryGetValue(key, out flight!)) _flights[key] = flight = new Flight();
            flight.Waiting++;
            flight.Task ??= Task.Run(() => run(flight.Cancellation.Token), CancellationToken.None);
        }
        try
        {
            return new Shared(await flight.Task.WaitAsync(cancellationToken), () => Leave(key, flight));
        }
        catch
        {
            Leave(key, flight);
            throw;
        }
    }

    private void Leave(TKey key, Flight flight)
    {
        lock (_gate)
        {
            if (--flight.Waiting > 0) return;
            _flights.Remove(key);
        }
        _ = EndAsync(flight);
    }

    /// <summary>Nobody is left to whom a result or a failure could be told.</summary>
    private static async Task EndAsync(Flight flight)
    {
        await flight.Cancellation.CancelAsync();
        await flight.Task!.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        flight.Cancellation.Dispose();
        if (flight.Task.IsCompletedSuccessfully) (await flight.Task).Dispose();
        else _ = flight.Task.Exception;
    }

    private sealed class Flight
    {
        public CancellationTokenSource Cancellation { get; } = new();

        public Task<TResult>? Task { get; set; }

        public int Waiting { get; set; }
    }

    /// <summary>One caller's part in a result.</summary>
    internal sealed class Shared(TResult result, Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public TResult Result { get; } = result;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}
