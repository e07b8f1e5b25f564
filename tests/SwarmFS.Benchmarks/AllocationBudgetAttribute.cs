using System.Reflection;
using BenchmarkDotNet.Reports;

namespace SwarmFS.Benchmarks;

/// <summary>The most bytes that one call of a benchmark may allocate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AllocationBudgetAttribute(long bytes) : Attribute
{
    public long Bytes => bytes;

    /// <summary>Prints one line per benchmark; false when a budget is exceeded, when one did not run, or when none ran.</summary>
    public static bool Check(IEnumerable<Summary> summaries, TextWriter output)
    {
        var reports = summaries.SelectMany(summary => summary.Reports).ToList();
        var isWithin = reports.Count > 0;
        foreach (var report in reports)
        {
            var method = report.BenchmarkCase.Descriptor.WorkloadMethod;
            var budget = method.GetCustomAttribute<AllocationBudgetAttribute>()?.Bytes;
            var allocated = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
            var isOver = !report.Success || allocated is null || allocated > budget;
            isWithin &= !isOver;
            output.WriteLine($"{(isOver ? "OVER  " : "within")} {report.BenchmarkCase.DisplayInfo}: {allocated} B of {budget?.ToString() ?? "any"}");
        }
        return isWithin;
    }
}
