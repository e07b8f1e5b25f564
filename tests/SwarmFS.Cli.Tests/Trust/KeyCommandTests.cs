using System.Text;

namespace SwarmFS.Cli.Tests.Trust;

public sealed class KeyCommandTests : IDisposable
{
    private readonly TrustDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_new_key_is_32_bytes_for_its_owner_alone_and_is_never_overwritten()
    {
        (await _directory.RunAsync("key", "gen", _directory["k"], "--name", "example.org/log")).ShouldBe(0);
        var vkey = _directory.Terminal.Out.Trim();
        Transparency.VerifierKey.TryParse(vkey, out var key, out var error).ShouldBeTrue(error);
        key!.Name.ShouldBe("example.org/log");
        var seed = await File.ReadAllBytesAsync(_directory["k"]);
        seed.Length.ShouldBe(32);
        File.GetUnixFileMode(_directory["k"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await _directory.RunAsync("key", "gen", _directory["k"], "--name", "x")).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("never overwritten");
        (await File.ReadAllBytesAsync(_directory["k"])).ShouldBe(seed);
        (await _directory.RunAsync("key", "vkey", _directory["k"], "--name", "example.org/log")).ShouldBe(0);
        _directory.Terminal.Out.Trim().ShouldBe(vkey);
    }

    [Fact]
    public async Task The_vkey_of_a_known_key_is_what_the_specification_s_algorithm_gives()
    {
        _directory.WriteKey("example.org/log".Replace('/', '-'));
        await _directory.RunAsync("key", "vkey", _directory["example.org-log.key"], "--name", "example.org-log");
        _directory.Terminal.Out.Trim().ShouldBe(TrustDirectory.Log("example.org-log").ToString());
        var json = await _directory.JsonAsync(0, "key", "vkey", _directory["example.org-log.key"], "--name", "example.org-log", "--witness");
        json.GetProperty("vkey").GetString().ShouldBe(TrustDirectory.Witness("example.org-log").ToString());
        json.GetProperty("publicKey").GetString().ShouldBe(TrustDirectory.KeyOf("example.org-log").PublicKey.ToString());
    }

    [Fact]
    public async Task A_key_that_cannot_be_made_lies_nowhere_and_no_other_file_is_in_its_way()
    {
        var precious = _directory.Write("k.new", "precious");
        (await _directory.RunAsync("key", "gen", _directory["k"], "--name", "x")).ShouldBe(0);
        (await File.ReadAllTextAsync(precious)).ShouldBe("precious");
        Directory.CreateDirectory(_directory["sub"]);
        File.CreateSymbolicLink(_directory["link"], "nowhere");
        foreach (var taken in new[] { "sub", "link" })
        {
            (await _directory.RunAsync("key", "gen", _directory[taken], "--name", "x")).ShouldBe(1);
            _directory.Terminal.Error.ShouldContain(_directory[taken]);
        }
        (await _directory.RunAsync("key", "gen", _directory["none/k"], "--name", "x")).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain($"There is no directory {_directory["none"]}");
        Directory.GetFileSystemEntries(_directory[""]).Select(Path.GetFileName).Order().ShouldBe(["k", "k.new", "link", "sub"]);
    }

    [Fact]
    public async Task Without_a_name_it_is_the_file_s()
    {
        (await _directory.RunAsync("key", "gen", _directory["alice.key"])).ShouldBe(0);
        _directory.Terminal.Out.ShouldStartWith("alice+");
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a+b")]
    [InlineData("")]
    public async Task A_name_that_may_not_stand_in_a_vkey_makes_no_file(string name)
    {
        (await _directory.RunAsync("key", "gen", _directory["k"], "--name", name)).ShouldBe(2);
        _directory.Terminal.Error.ShouldContain("cannot be a signer's name");
        File.Exists(_directory["k"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_key_that_others_may_read_or_that_is_none_is_refused()
    {
        var loose = _directory.WriteKey("loose");
        File.SetUnixFileMode(loose, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        (await _directory.RunAsync("key", "vkey", loose, "--name", "x")).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("chmod 600");
        var text = _directory.Write("text", Encoding.ASCII.GetBytes("not a key"));
        File.SetUnixFileMode(text, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await _directory.RunAsync("key", "vkey", text, "--name", "x")).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("9 bytes");
        (await _directory.RunAsync("key", "vkey", _directory["missing"], "--name", "x")).ShouldBe(1);
        (await _directory.RunAsync("key", "vkey", text)).ShouldBe(2);
    }
}
