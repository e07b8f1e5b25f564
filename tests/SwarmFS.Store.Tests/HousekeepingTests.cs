using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class HousekeepingTests : IDisposable
{
    private readonly StoreFixture _fixture = new(quota: 16 << 20);

    public void Dispose() => _fixture.Dispose();

    /// <summary>A directory in the place of a file that is removed: an exception that no step of housekeeping expects.</summary>
    [Fact]
    public async Task What_housekeeping_does_not_expect_is_told_and_ends_none_of_its_later_turns()
    {
        var parts = _fixture.Parts;
        parts.Writer.Put(Content.Raw(1000, 1)).ShouldBe(PutResult.Stored);
        PassHighWatermark(parts, seed: 100);
        var stubborn = Directory.CreateDirectory(Path.ChangeExtension(_fixture.Files("*.pack").Single(), ".index.new"));
        using var failed = new SemaphoreSlim(0);
        using var evicted = new SemaphoreSlim(0);
        _fixture.Said = message =>
        {
            if (message.Contains("met what it does not know", StringComparison.Ordinal)) failed.Release();
            if (message.StartsWith("Evicted", StringComparison.Ordinal)) evicted.Release();
        };
        await using var housekeeping = new Housekeeping(parts, _fixture.Time);

        housekeeping.WakeUp();
        (await failed.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldBeTrue();
        stubborn.Delete();
        PassHighWatermark(parts, seed: 1000);
        housekeeping.WakeUp();
        (await evicted.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldBeTrue();
    }

    private static void PassHighWatermark(StoreParts parts, int seed)
    {
        for (var i = 0; !parts.Space.IsAboveHigh; i++) parts.Writer.Put(Content.Raw(300_000, seed + i)).ShouldBe(PutResult.Stored);
    }
}
