using SwarmFS.Signing;
using SwarmFS.Testing;

namespace SwarmFS.Catalog.Tests;

/// <summary>Releases signed by another key than that of the log they stand in.</summary>
public sealed class PublisherKeyTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Ed25519PrivateKey _alice = Ed25519PrivateKey.FromSeed([.. Enumerable.Repeat((byte)11, Ed25519PrivateKey.SeedLength)]);
    private readonly Ed25519PrivateKey _bob = Ed25519PrivateKey.FromSeed([.. Enumerable.Repeat((byte)12, Ed25519PrivateKey.SeedLength)]);
    private readonly TestImporter _own;
    private readonly TestImporter _other;
    private readonly TestNode _node;

    public PublisherKeyTests()
    {
        _own = new TestImporter(1, _time);
        _other = new TestImporter(2, _time);
        _node = new TestNode(_time, CatalogPolicy.OwnAnd(_own.VerifierKey, [_other.VerifierKey]), [_other], _own);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _own.Dispose();
        _other.Dispose();
        _alice.Dispose();
        _bob.Dispose();
    }

    private Task<Release> PublishAsync(string name, string version, string content, Ed25519PrivateKey? publisher) =>
        _node.Catalog.PublishAsync(name, version, TestImporter.Root(content), artifact: null, publisher, CancellationToken.None);

    private Task<string> RevokeAsync(string name, string version, Ed25519PrivateKey? publisher) =>
        _node.Catalog.RevokeAsync(name, version, "leaks", publisher, CancellationToken.None);

    [Fact]
    public async Task Each_key_has_its_own_namespace_and_its_own_sequence_also_after_a_restart()
    {
        (await PublishAsync("a", "1", "a", null)).Namespace.ShouldBe(CatalogNamespace.OfPublisher(_own.Key.PublicKey));
        (await PublishAsync("b", "1", "b", _alice)).Namespace.ShouldBe(CatalogNamespace.OfPublisher(_alice.PublicKey));
        await PublishAsync("c", "1", "c", _bob);
        await _node.RestartAsync();
        await PublishAsync("b", "2", "b2", _alice);
        _node.Listing().ShouldBe(["a 1", "b 1 2", "c 1"]);
        _own.Log.State.Releases(long.MaxValue).Select(logged => (logged.Record.Key, logged.Record.Sequence))
            .ShouldBe([(_own.Key.PublicKey, 1), (_alice.PublicKey, 1), (_bob.PublicKey, 1), (_alice.PublicKey, 2)]);
        var evidence = _node.Catalog.Evidence("b", "2").ShouldNotBeNull();
        (evidence.Needed, evidence.Vouchers.Count, evidence.Published!.Key).ShouldBe((1, 1, _alice.PublicKey));
        (await _node.Catalog.HistoryAsync("b", CancellationToken.None)).Select(entry => entry.Release.Version).ShouldBe(["1", "2"]);
    }

    [Fact]
    public async Task A_name_is_of_one_key_until_that_key_takes_it_back()
    {
        await PublishAsync("tool", "1", "a", _alice);
        var refused = await Should.ThrowAsync<CatalogRefusedException>(() => PublishAsync("tool", "2", "b", _bob));
        refused.Message.ShouldContain(_alice.PublicKey.ToString());
        await Should.ThrowAsync<CatalogRefusedException>(() => PublishAsync("tool", "2", "b", null));
        (await Should.ThrowAsync<CatalogRefusedException>(() => RevokeAsync("tool", "1", null))).Message.ShouldContain(_alice.PublicKey.ToString());
        (await RevokeAsync("tool", "1", _alice)).ShouldBe(CatalogNamespace.OfPublisher(_alice.PublicKey));
        _node.Listing().ShouldBeEmpty();
        await PublishAsync("tool", "2", "b", _bob);
        _node.Listing().ShouldBe(["tool 2"]);
        (await Should.ThrowAsync<CatalogRefusedException>(() => PublishAsync("tool", "1", "a", _alice))).Message.ShouldContain("another key");
    }

    [Fact]
    public async Task A_follower_shows_releases_of_the_publishers_it_names_and_of_nobody_else()
    {
        await _other.AppendAsync(
            ReleaseRecord.Sign("a", "1", 1, TestImporter.Root("a"), null, TestImporter.Day(1), _alice),
            ReleaseRecord.Sign("b", "1", 1, TestImporter.Root("b"), null, TestImporter.Day(1), _bob));
        await _node.HearAsync(_other);
        _node.Listing().ShouldBeEmpty();
        _node.Policy = _node.Policy with { Publishers = [_alice.PublicKey] };
        await _node.RestartAsync();
        _node.Listing().ShouldBe(["a 1"]);
    }

    [Fact]
    public async Task A_key_used_on_two_nodes_goes_on_counting_and_what_both_say_is_shown()
    {
        _node.Policy = _node.Policy with { Publishers = [_alice.PublicKey] };
        await _node.RestartAsync();
        await _other.AppendAsync(ReleaseRecord.Sign("a", "1", 1, TestImporter.Root("a"), null, TestImporter.Day(1), _alice));
        await _node.HearAsync(_other);
        await PublishAsync("b", "1", "b", _alice);
        _node.Listing().ShouldBe(["a 1", "b 1"]);
        _own.Log.State.Releases(long.MaxValue).ShouldHaveSingleItem().Record.Sequence.ShouldBe(2);
        await _other.AppendAsync(RevokeRecord.Sign("b", "1", "leaks", _alice));
        await _node.HearAsync(_other);
        _node.Listing().ShouldBe(["a 1"]);
    }

    [Fact]
    public async Task Of_many_at_once_each_gets_a_number_and_of_two_keys_one_gets_the_name()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => PublishAsync($"tool-{i}", "1", $"content {i}", _alice))));
        _own.Log.State.Releases(long.MaxValue).Select(logged => logged.Record.Sequence).ShouldBe(Enumerable.Range(1, 20).Select(number => (long)number));
        var racing = new[] { _alice, _bob, null }.Select(key => Task.Run(() => PublishAsync("raced", "1", "raced", key))).ToList();
        foreach (var one in racing) await Task.WhenAny(one);
        racing.Count(one => one.IsCompletedSuccessfully).ShouldBe(1);
        racing.Where(one => one.IsFaulted).ShouldAllBe(one => one.Exception!.InnerException is CatalogRefusedException);
        _own.Log.State.Releases(long.MaxValue).Count(logged => logged.Record.Name == "raced").ShouldBe(1);
    }
}
