namespace SwarmFS.Swarm;

/// <summary>A token that ends after a while of the given clock, or with another token.</summary>
internal sealed class Patience : IDisposable
{
    private readonly CancellationTokenSource _elapsed;
    private readonly CancellationTokenSource _either;

    public Patience(TimeSpan length, TimeProvider time, params ReadOnlySpan<CancellationToken> others)
    {
        _elapsed = new CancellationTokenSource(length, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource([_elapsed.Token, .. others]);
    }

    public CancellationToken Token => _either.Token;

    public void Dispose()
    {
        _either.Dispose();
        _elapsed.Dispose();
    }
}
