namespace SwarmFS.Mount;

/// <summary>
/// Tells who lists names only to read them from who looks each of them up meanwhile, as <c>ls -l</c> does: the latter gets attributes with the names, which saves a round trip a
/// name; the former does not pay with an inode a name for what he never asks. Guesses, at a fixed price; a wrong one costs time alone.
/// </summary>
internal sealed class ListingCallers
{
    /// <summary>Callers remembered, by their thread ids.</summary>
    private const int Places = 64;

    /// <summary>Lookups between two requests of one listing that tell a pattern from somebody else's chance.</summary>
    private const int Pattern = 32;

    private readonly Caller[] _callers = new Caller[Places];
    private readonly Lock _lock = new();
    private int _lookups;

    private record struct Caller(uint Pid, int Lookups, bool WantsAttributes);

    public void LookedUp() => Interlocked.Increment(ref _lookups);

    /// <summary>Notes a request of a listing.</summary>
    /// <param name="isFirst">It begins the listing.</param>
    /// <returns>True when the caller has been looking up what he was told before.</returns>
    public bool WantsAttributes(uint pid, bool isFirst)
    {
        var lookups = Volatile.Read(ref _lookups);
        lock (_lock)
        {
            ref var caller = ref _callers[pid % Places];
            var goesOn = !isFirst && caller.Pid == pid;
            var wants = goesOn && (caller.WantsAttributes || unchecked(lookups - caller.Lookups) >= Pattern);
            caller = new Caller(pid, lookups, wants);
            return wants;
        }
    }
}
