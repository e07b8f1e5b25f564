using System.Diagnostics;
using SwarmFS.Core;

namespace SwarmFS.Mount;

/// <summary>
/// Places for the reads of one package that hold a buffer while they wait for its sources. Who waits for a place waits as long as the reads before it get something: when none has for the
/// length of a deadline, those who wait have their error as well, and do not wait for it one deadline after another.
/// </summary>
internal sealed class RemoteReadGate(TimeSpan deadline)
{
    /// <summary>24 × 1 MiB is the window of a 10 Gb/s link at 20 ms.</summary>
    public const int Places = 24;

    /// <summary>
    /// A kernel whose read failed asks for the same pages once more before it tells the program. For so long after the error nobody waits longer than <see cref="ShortPatience"/>: long enough for a
    /// source that has come back.
    /// </summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _places = new(Places);
    private long _delivered;
    private long _failed;

    /// <summary>Takes a place, which <see cref="Leave"/> gives back.</summary>
    /// <param name="since">Timestamp of <see cref="Stopwatch"/>: when the read came.</param>
    /// <returns>How much longer the read may take.</returns>
    /// <exception cref="ContentUnavailableException">None of the reads before it got anything for so long.</exception>
    public async Task<TimeSpan> EnterAsync(long since, CancellationToken cancelled)
    {
        while (true)
        {
            var entered = await _places.WaitAsync(AtLeast(TimeSpan.Zero, Left(since)), cancelled);
            if (entered) return AtLeast(ShortPatience, Left(since));
            if (Left(since) > TimeSpan.Zero) continue;
            Volatile.Write(ref _failed, Stopwatch.GetTimestamp());
            throw new ContentUnavailableException(
                $"{Places} reads of the package wait for its sources, and for {Stopwatch.GetElapsedTime(Latest(since)).TotalSeconds:0.0} s none has got anything. 'swarmfs peers' shows who is connected.");
        }
    }

    /// <param name="delivered">Whether the read got what it came for.</param>
    public void Leave(bool delivered)
    {
        if (delivered) Volatile.Write(ref _delivered, Stopwatch.GetTimestamp());
        _places.Release();
    }

    private long Latest(long since) => Math.Max(since, Volatile.Read(ref _delivered));

    private TimeSpan Left(long since)
    {
        var failed = Volatile.Read(ref _failed);
        var hasFailed = failed != 0 && failed > Volatile.Read(ref _delivered) && since >= failed && Stopwatch.GetElapsedTime(failed, since) < Memory;
        return (hasFailed && ShortPatience < deadline ? ShortPatience : deadline) - Stopwatch.GetElapsedTime(Latest(since));
    }

    private static TimeSpan AtLeast(TimeSpan least, TimeSpan time) => time > least ? time : least;
}
