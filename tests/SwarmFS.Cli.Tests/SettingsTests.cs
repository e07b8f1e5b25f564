using SwarmFS.Control.Configuration;

namespace SwarmFS.Cli.Tests;

public sealed class SettingsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly Dictionary<string, string> _environment = [];
    private readonly Dictionary<string, IReadOnlyList<string>> _options = [];

    public void Dispose() => File.Delete(_file);

    private LoadedSettings Load(string? text = null, bool isRoot = true)
    {
        if (text is not null) File.WriteAllText(_file, text);
        return SettingsLoader.Load(new SettingsInput(null, text is null ? null : _file, _options, _environment.GetValueOrDefault, isRoot));
    }

    private static string Origin(LoadedSettings loaded, string key) => loaded.InForce.Single(setting => setting.Key == key).Origin;

    [Fact]
    public void The_file_is_above_the_default_the_environment_above_the_file_an_option_above_all()
    {
        const string Text = "[store]\nquota = 1GiB\n[retrieval]\ndeadline = 2s\n[swarm]\nlisten = 127.0.0.1:1\n";
        _environment["SWARMFS_DEADLINE"] = "3s";
        _environment["SWARMFS_LISTEN"] = "127.0.0.1:2";
        _options["--listen"] = ["127.0.0.1:3"];
        var loaded = Load(Text);
        loaded.Errors.ShouldBeEmpty();
        loaded.Settings!.QuotaBytes.ShouldBe(1L << 30);
        loaded.Settings.Deadline.ShouldBe(TimeSpan.FromSeconds(3));
        loaded.Settings.Listen.Port.ShouldBe(3);
        Origin(loaded, "mount.path").ShouldBe("default");
        Origin(loaded, "store.quota").ShouldBe($"{_file}:2");
        Origin(loaded, "retrieval.deadline").ShouldBe("environment variable SWARMFS_DEADLINE");
        Origin(loaded, "swarm.listen").ShouldBe("option --listen");
    }

    [Fact]
    public void A_list_from_a_higher_source_replaces_the_lower_one_whole()
    {
        _environment["SWARMFS_PEERS"] = "c:3 d:4";
        Load("[swarm]\npeers = a:1, b:2\n").Settings!.Peers.ShouldBe(["c:3", "d:4"]);
    }

    [Theory]
    [InlineData("[store]\nquota = lots\n", ":2", "store.quota = lots", "20GiB")]
    [InlineData("[store]\nquota = 1MB\n", ":2", "store.quota = 1MB", "at least 64MiB")]
    [InlineData("[swarm]\nlan = perhaps\n", ":2", "swarm.lan = perhaps", "on or off")]
    [InlineData("[swarm]\npeers = a:1, b\n", ":2", "swarm.peers = b", "HOST:PORT")]
    [InlineData("[mount]\n\npath = relative\n", ":3", "mount.path = relative", "absolute path")]
    [InlineData("[mount]\nquota = 1GiB\n", ":2", "mount.quota", "Did you mean store.quota?")]
    [InlineData("[store\nquota = 1GiB\n", ":1", "[store", "closing bracket")]
    [InlineData("[store]\nquota\n", ":2", "quota", "name = value")]
    public void An_error_names_the_line_the_value_and_the_remedy(string text, string line, string what, string remedy)
    {
        var loaded = Load(text);
        loaded.Settings.ShouldBeNull();
        loaded.Errors[0].ShouldContain(_file + line);
        loaded.Errors[0].ShouldContain(what);
        loaded.Errors[0].ShouldContain(remedy);
    }

    [Fact]
    public void A_path_in_an_option_begins_in_the_current_directory_and_elsewhere_at_the_root()
    {
        _options["--mount"] = ["mnt"];
        _options["--policy"] = ["none"];
        var loaded = Load();
        loaded.Settings!.MountPoint.ShouldBe(Path.Join(Environment.CurrentDirectory, "mnt"));
        loaded.Settings.Policy.ShouldBeNull();
        _options["--mount"] = ["none"];
        Load().Settings!.MountPoint.ShouldBeNull();
        _options["--mount"] = [""];
        Load().Errors.Single().ShouldContain("absolute path");
        // What the runtime makes of bytes that are no UTF-8: another directory's name.
        _options["--mount"] = ["/mnt/bad\uFFFD"];
        Load().Errors.Single().ShouldContain("must be UTF-8");
        _options.Clear();
        _environment["SWARMFS_MOUNT"] = "mnt";
        Load().Errors.Single().ShouldContain("mount.path = mnt (environment variable SWARMFS_MOUNT): must be an absolute path");
    }

    [Fact]
    public void Comments_blank_lines_and_repeated_sections_are_read_as_people_mean_them()
    {
        var loaded = Load("# a comment\n\n[store]\n; another\n quota=  2GiB  \n[swarm]\nlan = off\n[store]\nquota = 3GiB\n");
        loaded.Errors.ShouldBeEmpty();
        loaded.Settings!.QuotaBytes.ShouldBe(3L << 30);
        loaded.Settings.Lan.ShouldBeFalse();
    }

    [Fact]
    public void A_named_file_that_does_not_exist_is_an_error()
    {
        var loaded = SettingsLoader.Load(new SettingsInput(null, "/nonexistent.conf", _options, _environment.GetValueOrDefault, IsRoot: true));
        loaded.Errors.Single().ShouldContain("/nonexistent.conf does not exist");
    }

    [Fact]
    public void State_lies_with_the_system_for_root_and_with_the_user_otherwise()
    {
        _environment["HOME"] = "/home/u";
        Load().StateDirectory.ShouldBe("/var/lib/swarmfs");
        Load(isRoot: false).StateDirectory.ShouldBe("/home/u/.local/state/swarmfs");
        _environment["XDG_STATE_HOME"] = "/x";
        Load(isRoot: false).StateDirectory.ShouldBe("/x/swarmfs");
        _environment["SWARMFS_STATE"] = "/y";
        Load(isRoot: false).StateDirectory.ShouldBe("/y");
    }

    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("500MB", 500_000_000)]
    [InlineData("1.5GiB", 3L << 29)]
    [InlineData("2 G", 2L << 30)]
    public void Sizes_are_read_as_written(string text, long bytes)
    {
        SettingValues.TryParseSize(text, out var read).ShouldBeTrue();
        read.ShouldBe(bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1e9")]
    [InlineData("99999999999TiB")]
    [InlineData("GiB")]
    public void What_is_no_size_is_refused(string text) => SettingValues.TryParseSize(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("127.0.0.1:7001", "127.0.0.1", 7001)]
    [InlineData("[::1]:7001", "::1", 7001)]
    [InlineData("peer.example.org:1", "peer.example.org", 1)]
    public void Hosts_and_ports_are_split(string text, string host, int port)
    {
        SettingValues.TrySplitHost(text, 1, out var readHost, out var readPort).ShouldBeTrue();
        (readHost, readPort).ShouldBe((host, port));
    }

    [Theory]
    [InlineData("::1:7001")]
    [InlineData("host")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData(":7001")]
    [InlineData("ho st:1")]
    public void What_is_no_host_and_port_is_refused(string text) => SettingValues.TrySplitHost(text, 1, out _, out _).ShouldBeFalse();
}
