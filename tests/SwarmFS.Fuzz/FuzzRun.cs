using System.Diagnostics;

namespace SwarmFS.Fuzz;

/// <summary>Feeds one target until time is up or something is found.</summary>
internal sealed class FuzzRun(IFuzzTarget target, int seed)
{
    /// <summary>Bytes that decoding one input may allocate: generous against the 256 KiB of the longest input, small against a bomb.</summary>
    private const long MaxAllocation = 64 << 20;

    /// <summary>Processor time that decoding one input may take: a thousand times the usual, so that a busy machine raises no alarm.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    /// <returns>The process's exit code.</returns>
    public int For(TimeSpan duration)
    {
        var seeds = target.Seeds().ToList();
        foreach (var input in seeds)
        {
            if (!TryOne(input, iteration: -1)) return 1;
        }
        var mutator = new Mutator(new Random(seed), seeds);
        var watch = Stopwatch.StartNew();
        long iteration = 0;
        for (; watch.Elapsed < duration; iteration++)
        {
            if (!TryOne(mutator.Next(), iteration)) return 1;
        }
        Console.WriteLine($"{target.Name}: {iteration} inputs in {watch.Elapsed.TotalSeconds:F1} s from seed {seed}, nothing found");
        return 0;
    }

    public bool TryOne(byte[] input, long iteration)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var time = Environment.CpuUsage.TotalTime;
        try
        {
            target.Run(input);
        }
        catch (Exception fault)
        {
            return Report(input, iteration, fault.ToString());
        }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        time = Environment.CpuUsage.TotalTime - time;
        if (allocated > MaxAllocation) return Report(input, iteration, $"it allocates {allocated} bytes");
        if (time > MaxTime) return Report(input, iteration, $"it takes {time.TotalSeconds:F1} s");
        return true;
    }

    private bool Report(byte[] input, long iteration, string what)
    {
        Console.Error.WriteLine($"{target.Name}: seed {seed}, input {iteration}: {what}");
        Console.Error.WriteLine($"replay with: --target {target.Name} --replay {Convert.ToHexStringLower(input)}");
        return false;
    }
}
