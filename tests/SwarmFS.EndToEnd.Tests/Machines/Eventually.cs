using System.Diagnostics;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>Waits for what other processes bring about, by asking again.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // News pass between two nodes in milliseconds; a machine with both cores busy took seconds.
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(30);

    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? deadline = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > (deadline ?? DefaultDeadline)) throw new TimeoutException($"After {watch.Elapsed.TotalSeconds:f1} s still not: {what}.");
            await Task.Delay(Pause);
        }
        return watch.Elapsed;
    }
}
