namespace SwarmFS.Cli.Tests.Trust;

public sealed class PolicyCommandTests : IDisposable
{
    private readonly TrustDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private Task<int> SignAsync(string file, string signer) => _directory.RunAsync("policy", "sign", _directory[file], "--key", _directory.WriteKey(signer), "--name", signer);

    [Fact]
    public async Task A_text_becomes_a_policy_by_the_signatures_of_its_threshold()
    {
        _directory.Write("policy.1", TrustDirectory.Policy(1, ["alice", "bob", "carol"], 2));
        (await SignAsync("policy.1", "alice")).ShouldBe(0);
        _directory.Terminal.Out.ShouldBe("version 1: 1 of the 2 signatures that it asks for\n");
        (await _directory.RunAsync("policy", "check", _directory["policy.1"])).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("signed by 1 root keys");
        (await SignAsync("policy.1", "alice")).ShouldBe(0);
        _directory.Terminal.Out.ShouldContain("1 of the 2");
        (await SignAsync("policy.1", "carol")).ShouldBe(0);
        (await _directory.RunAsync("policy", "check", _directory["policy.1"])).ShouldBe(0);
        _directory.Terminal.Out.ShouldContain("version 1, expires never, 2 of 3 root keys signed it and 2 must");
        _directory.Terminal.Out.ShouldContain($"log      {TrustDirectory.Log("example.org/log")}");
        Directory.GetFiles(Path.GetDirectoryName(_directory["x"])!, "*.new").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_policy_behind_a_symlink_is_signed_there_and_no_other_file_is_in_its_way()
    {
        var precious = _directory.Write("policy.1.new", "precious");
        File.SetUnixFileMode(_directory.Write("policy.1", TrustDirectory.Policy(1, ["alice"], 1)), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(_directory["link"], "policy.1");
        (await SignAsync("link", "alice")).ShouldBe(0);
        new FileInfo(_directory["link"]).LinkTarget.ShouldBe("policy.1");
        (await _directory.RunAsync("policy", "check", _directory["policy.1"])).ShouldBe(0);
        File.GetUnixFileMode(_directory["policy.1"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        (await File.ReadAllTextAsync(precious)).ShouldBe("precious");
        Directory.GetFileSystemEntries(_directory[""]).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe(["alice.key", "link", "policy.1", "policy.1.new"]);
    }

    [Fact]
    public async Task What_is_no_regular_file_is_not_signed_and_not_waited_for()
    {
        (await _directory.RunAsync("policy", "sign", "/dev/zero", "--key", _directory.WriteKey("alice"), "--name", "alice")).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("/dev/zero is no regular file");
    }

    [Fact]
    public async Task The_next_version_is_checked_against_the_one_before_it()
    {
        _directory.Write("policy.1", TrustDirectory.Policy(1, ["alice"], 1, tail: $"log {TrustDirectory.Log("old.example")}\nquorum none\n"));
        await SignAsync("policy.1", "alice");
        _directory.Write("policy.2", TrustDirectory.Policy(2, ["bob"], 1));
        await SignAsync("policy.2", "bob");
        (await _directory.RunAsync("policy", "check", _directory["policy.2"])).ShouldBe(0);
        (await _directory.RunAsync("policy", "check", _directory["policy.2"], "--after", _directory["policy.1"])).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("signed by 0 root keys of version 1, which asks for 1");
        (await SignAsync("policy.2", "alice")).ShouldBe(0);
        _directory.Terminal.Error.ShouldContain("does not name that key");
        var json = await _directory.JsonAsync(0, "policy", "check", _directory["policy.2"], "--after", _directory["policy.1"]);
        json.GetProperty("valid").GetBoolean().ShouldBeTrue();
        json.GetProperty("removedLogs")[0].GetString().ShouldBe(TrustDirectory.Log("old.example").ToString());
        (await _directory.RunAsync("policy", "check", _directory["policy.1"], "--after", _directory["policy.2"])).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("does not follow");
    }

    [Fact]
    public async Task Expiry_is_told_by_the_clock_of_SWARMFS_NOW()
    {
        _directory.Write("policy.1", TrustDirectory.Policy(1, ["alice"], 1, expires: "2030-01-01T00:00:00Z"));
        await SignAsync("policy.1", "alice");
        _directory.Now = "1893455000";
        (await _directory.RunAsync("policy", "check", _directory["policy.1"])).ShouldBe(0);
        _directory.Now = "1893456000";
        (await _directory.JsonAsync(1, "policy", "check", _directory["policy.1"])).GetProperty("reason").GetString().ShouldBe("it has expired");
        _directory.Now = "tomorrow";
        (await _directory.RunAsync("policy", "check", _directory["policy.1"])).ShouldBe(2);
        _directory.Terminal.Error.ShouldContain("SWARMFS_NOW");
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("swarmfs.policy/v1\nversion 1\n")]
    [InlineData("a\n\nb\n")]
    public async Task What_is_no_policy_is_not_signed_and_stays_as_it_is(string text)
    {
        _directory.Write("policy.1", text);
        (await SignAsync("policy.1", "alice")).ShouldBe(1);
        (await File.ReadAllTextAsync(_directory["policy.1"])).ShouldBe(text);
        (await _directory.RunAsync("policy", "check", _directory["policy.1"])).ShouldBe(1);
        (await _directory.RunAsync("policy", "check", _directory["missing"])).ShouldBe(1);
    }

    [Fact]
    public async Task A_file_without_an_end_is_not_read_to_it()
    {
        (await _directory.RunAsync("policy", "check", "/dev/zero")).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("longer than 65536 bytes");
    }

    [Theory]
    [InlineData("policy", "sign", "x")]
    [InlineData("policy", "sign", "x", "--key", "k")]
    [InlineData("policy", "check")]
    [InlineData("policy", "check", "x", "y")]
    public async Task Missing_words_end_with_2(params string[] words) => (await _directory.RunAsync(words)).ShouldBe(2);
}
