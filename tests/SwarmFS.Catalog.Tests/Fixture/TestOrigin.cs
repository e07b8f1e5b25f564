using System.Collections.Concurrent;
using SwarmFS.Core;

namespace SwarmFS.Catalog.Tests;

/// <summary>Makes trees when it is told to.</summary>
internal sealed class TestOrigin : IOrigin
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<MadeTree>> _making = [];
    private int _held;

    public List<OriginPackage> Asked { get; } = [];

    public int Held => Volatile.Read(ref _held);

    /// <summary>Of the making that was asked for last.</summary>
    public IProgress<MakingStage>? Progress { get; private set; }

    public Task<MadeTree> MakeAsync(OriginPackage package, IProgress<MakingStage>? progress, CancellationToken cancellationToken)
    {
        Asked.Add(package);
        Progress = progress;
        return (_making[$"{package.Name}_{package.Version}"] = new TaskCompletionSource<MadeTree>()).Task.WaitAsync(cancellationToken);
    }

    public async Task AskedForAsync(string package)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!_making.ContainsKey(package))
        {
            TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(20));
            await Task.Yield();
        }
    }

    public void Release(string package)
    {
        Interlocked.Increment(ref _held);
        _making[package].SetResult(new MadeTree(TestImporter.Root(package), 3, 100, new Handle(() => Interlocked.Decrement(ref _held))));
    }

    public void Fail(string package) => _making[package].SetException(new ContentUnavailableException("The mirror is down."));

    private sealed class Handle(Action release) : IDisposable
    {
        public void Dispose() => release();
    }
}
