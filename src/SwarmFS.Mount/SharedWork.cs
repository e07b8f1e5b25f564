namespace SwarmFS.Mount;

/// <summary>
/// Work that several requests may wait for at once: done once for all of them, and cancelled when the last has gone. Nothing is remembered of how it ended.
/// </summary>
internal sealed class SharedWork<TKey>
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Flight> _flights = [];

    private sealed class Flight(Func<CancellationToken, Task> work)
    {
        private readonly CancellationTokenSource _cancellation = new();

        public int Waiting;

        public Task Work => field ??= Task.Run(() => work(_cancellation.Token));

        public void Cancel() => _ = _cancellation.CancelAsync();
    }

    /// <summary>Waits for the work with this key, which is started when nobody else waits for it.</summary>
    /// <exception cref="OperationCanceledException">Who waits here has gone; the others go on waiting.</exception>
    public async Task JoinAsync(TKey key, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        var flight = Join(key, work, out var running);
        try
        {
            await running.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(key, flight);
        }
    }

    private Flight Join(TKey key, Func<CancellationToken, Task> work, out Task running)
    {
        lock (_lock)
        {
            if (!_flights.TryGetValue(key, out var flight) || flight.Work.IsCompleted) _flights[key] = flight = new Flight(work);
            flight.Waiting++;
            running = flight.Work;
            return flight;
        }
    }

    private void Leave(TKey key, Flight flight)
    {
        lock (_lock)
        {
            if (--flight.Waiting > 0) return;
            if (_flights.TryGetValue(key, out var standing) && ReferenceEquals(standing, flight)) _flights.Remove(key);
        }
        flight.Cancel();
    }
}
