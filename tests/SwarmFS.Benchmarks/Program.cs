using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using SwarmFS.Benchmarks;

// Runs the benchmarks named by --filter (default: all) and fails when one allocates more than its budget: bytes allocated are the same on every machine, times are not.
var job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
var config = ManualConfig.Create(DefaultConfig.Instance).AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).WithArtifactsPath(Path.Join(Path.GetTempPath(), "swarmfs-benchmarks"));
var summaries = BenchmarkSwitcher.FromAssembly(typeof(AllocationBudgetAttribute).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, config);
return AllocationBudgetAttribute.Check(summaries, Console.Out) ? 0 : 1;
