using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SwarmFS.Control;

namespace SwarmFS.Cli.Tests;

public sealed class CommandTests : IDisposable
{
    private readonly FakeNode _node = new();
    private readonly TestTerminal _terminal = new();

    public void Dispose() => _node.Dispose();

    private Task<int> RunAsync(params string[] arguments) => _terminal.RunAsync(["--state", _node.State, .. arguments]);

    [Fact]
    public async Task An_import_shows_where_the_package_appears_and_ends_with_0()
    {
        _node.Answers(ControlRoutes.Import, new ImportReport("hello", "2.10-3", "bafyroot", "pkgs/hello/2.10-3", 226_000, 40, "signed by debian", 0.5), ControlJson.Default.ImportReport);
        (await RunAsync("import", "apt", "hello")).ShouldBe(0);
        _terminal.Out.ShouldContain("pkgs/hello/2.10-3");
        _terminal.Out.ShouldContain("bafyroot");
        _node.Asked.ShouldBe([(ControlRoutes.Import, """{"kind":"Apt","subject":"hello"}""")]);
    }

    [Fact]
    public async Task A_source_that_was_passed_over_is_told_beside_the_result()
    {
        _node.Answers(
            ControlRoutes.Import, new ImportReport("hello", "2.10-3", "bafyroot", "pkgs/hello/2.10-3", 1, 1, "", 0.5, ["other.list: not signed"]), ControlJson.Default.ImportReport);
        (await RunAsync("import", "apt", "hello")).ShouldBe(0);
        _terminal.Error.ShouldContain("warning: other.list: not signed");
        _terminal.Out.ShouldNotContain("warning");
    }

    [Fact]
    public async Task A_relative_file_is_sent_as_an_absolute_path_because_the_node_has_another_working_directory()
    {
        _node.Refuses(ControlRoutes.Import, new ControlError(ControlErrors.Refused, "no"));
        await RunAsync("import", "deb", "./x.deb");
        _node.Asked[0].Body.ShouldContain($"\"{Path.Combine(Environment.CurrentDirectory, "x.deb")}\"");
    }

    [Fact]
    public async Task A_refusal_ends_with_1_and_says_why_and_what_to_do()
    {
        _node.Refuses(ControlRoutes.Import, new ControlError(ControlErrors.Refused, "x.deb: entry /etc/passwd is absolute", "Ask whoever made it."));
        (await RunAsync("import", "deb", "x.deb")).ShouldBe(1);
        _terminal.Error.ShouldContain("entry /etc/passwd is absolute");
        _terminal.Error.ShouldContain("Ask whoever made it.");
        _terminal.Out.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_view_that_cannot_be_mounted_ends_with_1_and_names_the_image_and_one_that_is_there_is_left_alone()
    {
        var report = new ViewReport("bafyroot", "hello", "2.10-3", "/nowhere/cid/bafyroot.erofs", "/nowhere/pkgs/hello/2.10-3", []);
        _node.Answers(ControlRoutes.View, report, ControlJson.Default.ViewReport);
        (await RunAsync("view", "hello")).ShouldBe(1);
        _terminal.Error.ShouldContain("/nowhere/cid/bafyroot.erofs");
        (await RunAsync("view", "hello", "/nowhere/at/all")).ShouldBe(1);
        _terminal.Error.ShouldContain("mkdir /nowhere/at/all");
        _node.Answers(ControlRoutes.View, report with { Views = [report.Place] }, ControlJson.Default.ViewReport);
        (await RunAsync("view", "hello")).ShouldBe(0);
        _terminal.Out.ShouldContain("umount /nowhere/pkgs/hello/2.10-3");
    }

    [Fact]
    public async Task A_request_that_the_node_finds_senseless_ends_with_2()
    {
        _node.Refuses(ControlRoutes.Get, new ControlError(ControlErrors.Usage, "'x' is not a CID"));
        (await RunAsync("get", "x")).ShouldBe(2);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("ls", "a", "b")]
    [InlineData("status", "--frob")]
    [InlineData("import", "tree", "dir", "--name", "x")]
    [InlineData("cat")]
    [InlineData("up", "--no-mount", "--mount", "/m")]
    public async Task Words_that_make_no_sense_end_with_2_and_point_to_help(params string[] arguments)
    {
        (await RunAsync(arguments)).ShouldBe(2);
        _terminal.Error.ShouldContain("--help");
        _node.Asked.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("swarmfs --help", "frobnicate")]
    [InlineData("swarmfs cat --help", "cat")]
    [InlineData("swarmfs log entries --help", "log", "entries", "--frob")]
    [InlineData("swarmfs import tree --help", "import", "tree")]
    public async Task The_help_pointed_to_is_that_of_the_command_typed(string help, params string[] arguments)
    {
        await RunAsync(arguments);
        _terminal.Error.ShouldContain($"Try {help}.");
    }

    [Fact]
    public async Task A_witness_s_name_is_refused_as_that_of_any_signer()
    {
        (await RunAsync("witness", "serve", "--key", "k", "--name", "x+y", "--listen", "127.0.0.1:1", "--log", "l")).ShouldBe(2);
        _terminal.Error.ShouldContain("'x+y' cannot be a signer's name");
    }

    [Theory]
    [InlineData("--from", "x")]
    [InlineData("--count", "-1")]
    public async Task What_is_no_number_is_refused_in_words_of_ours(string option, string value)
    {
        (await RunAsync("log", "entries", option, value)).ShouldBe(2);
        _terminal.Error.ShouldContain($"{option} {value}: must be a number, 0 or more.");
    }

    [Theory]
    [InlineData("status")]
    [InlineData("up", "--no-mount")]
    [InlineData("config")]
    public async Task An_empty_state_directory_is_not_the_default_one(params string[] words)
    {
        var option = new TestTerminal();
        (await option.RunAsync(["--state", "", .. words])).ShouldBe(2);
        option.Error.ShouldContain("node.state is empty (option --state)");
        var variable = new TestTerminal { Environment = { ["SWARMFS_STATE"] = "" } };
        (await variable.RunAsync(words)).ShouldBe(2);
        variable.Error.ShouldContain("node.state is empty (environment variable SWARMFS_STATE)");
    }

    [Theory]
    [InlineData("<file>", "import", "deb", "")]
    [InlineData("<dir>", "import", "tree", "", "--name", "a", "--version", "1")]
    [InlineData("<dir>", "publish", "", "--name", "a", "--version", "1")]
    [InlineData("--key", "publish", "d", "--name", "a", "--version", "1", "--key", "")]
    [InlineData("--key", "revoke", "a", "1", "--reason", "r", "--key", "")]
    [InlineData("--output", "get", "bafk", "-o", "")]
    [InlineData("--output", "proof", "get", "a", "-o", "")]
    [InlineData("<file>", "proof", "verify", "", "--entry", "e", "--log", "l")]
    [InlineData("--entry", "proof", "verify", "p", "--entry", "", "--log", "l")]
    [InlineData("--policy", "proof", "verify", "p", "--entry", "e", "--policy", "")]
    [InlineData("<file>", "evidence", "verify", "")]
    [InlineData("<file>", "policy", "apply", "")]
    [InlineData("<file>", "policy", "sign", "", "--key", "k", "--name", "n")]
    [InlineData("--key", "policy", "sign", "p", "--key", "", "--name", "n")]
    [InlineData("<file>", "policy", "check", "")]
    [InlineData("--after", "policy", "check", "p", "--after", "")]
    [InlineData("<file>", "key", "gen", "", "--name", "n")]
    [InlineData("<file>", "key", "vkey", "", "--name", "n")]
    [InlineData("<dir>", "view", "gedit", "")]
    [InlineData("--key", "witness", "serve", "--key", "", "--name", "n", "--listen", "127.0.0.1:1", "--log", "l")]
    public async Task An_empty_path_is_refused_by_its_word_before_anything_is_done(string word, params string[] arguments)
    {
        (await RunAsync(arguments)).ShouldBe(2);
        _terminal.Error.ShouldContain($"swarmfs: {word} is empty; give a path.");
        _node.Asked.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("policy", "apply", "/dev/stdin")]
    [InlineData("import", "deb", "/dev/fd/0")]
    [InlineData("import", "deb", "/dev/../proc/self/fd/63")]
    [InlineData("import", "tree", "/proc/self/cwd", "--name", "a", "--version", "1")]
    [InlineData("publish", "/proc/thread-self/cwd", "--name", "a", "--version", "1")]
    [InlineData("revoke", "a", "1", "--reason", "r", "--key", "/dev/stdin")]
    public async Task A_path_that_leads_each_process_elsewhere_is_not_sent_to_the_node(params string[] arguments)
    {
        (await RunAsync(arguments)).ShouldBe(2);
        _terminal.Error.ShouldContain($"{arguments.Single(word => word.StartsWith('/'))} would be the node's own");
        _node.Asked.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("up", "--no-mount")]
    [InlineData("config")]
    public async Task An_empty_configuration_file_s_name_is_not_the_default_one(params string[] words)
    {
        var option = new TestTerminal();
        (await option.RunAsync(["--state", _node.State + "/none", "--config", "", .. words])).ShouldBe(2);
        option.Error.ShouldContain("The configuration file's name is empty (option --config)");
        var variable = new TestTerminal { Environment = { ["SWARMFS_CONFIG"] = "" } };
        (await variable.RunAsync(["--state", _node.State + "/none", .. words])).ShouldBe(2);
        variable.Error.ShouldContain("The configuration file's name is empty (environment variable SWARMFS_CONFIG)");
    }

    [Theory]
    [InlineData("ok", "fresh", 0)]
    [InlineData("degraded", "fresh", 1)]
    [InlineData("ok", "stale", 1)]
    public async Task A_monitor_learns_from_the_exit_code_of_status_whether_all_is_well(string health, string catalogue, int code)
    {
        _node.Answers(ControlRoutes.Status, new StatusReport(
            "1.0", 1, default, _node.State, "node", "key", "127.0.0.1:1", new HealthReport(health, []), null, new StoreReport(0, 0, 0, 0, 0, 0, 0, 0, 0), [], [],
            new CatalogueReport(0, 0, catalogue, 1, false, [], [], [], []), [], new MemoryReport(0, 0, 0, 0), new Dictionary<string, long>()), ControlJson.Default.StatusReport);
        (await RunAsync("status")).ShouldBe(code);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("ls")]
    public async Task What_cannot_be_printed_is_a_failure_with_a_reason(string word)
    {
        _node.Answers(ControlRoutes.List, new ListReport("", [new ListedEntry("a", "file", "644", 0, 0, 1, 0)]), ControlJson.Default.ListReport);
        var full = _terminal.Terminal with { Out = new FullWriter() };
        (await CommandLine.RunAsync(["--state", _node.State, word], full)).ShouldBe(1);
        _terminal.Error.ShouldContain("swarmfs: No space left on device");
        (await CommandLine.RunAsync(["--state", _node.State, word], full with { Error = full.Out })).ShouldBe(1);
    }

    [Fact]
    public async Task Without_a_node_the_command_to_start_one_is_given()
    {
        var terminal = new TestTerminal();
        (await terminal.RunAsync("--state", "/nonexistent", "status")).ShouldBe(1);
        terminal.Error.ShouldContain("swarmfs --state /nonexistent up");
    }

    [Fact]
    public async Task A_state_directory_whose_socket_path_is_too_long_is_no_crash()
    {
        var terminal = new TestTerminal();
        (await terminal.RunAsync("--state", "/" + new string('x', 200), "status")).ShouldBe(1);
    }

    [Fact]
    public async Task A_node_that_dies_in_the_middle_is_told_from_one_that_refuses()
    {
        _node.Sends(ControlRoutes.Cat, "half", whole: false);
        (await RunAsync("cat", "pkgs/a/1/f")).ShouldBe(1);
        _terminal.Error.ShouldContain("broke off");
    }

    [Fact]
    public async Task Cat_writes_the_content_and_nothing_else()
    {
        _node.Sends(ControlRoutes.Cat, "content\n");
        (await RunAsync("cat", "pkgs/a/1/f")).ShouldBe(0);
        _terminal.Bytes.ShouldBe("content\n");
        _terminal.Out.ShouldBeEmpty();
    }

    [Fact]
    public async Task Get_into_a_file_leaves_the_whole_file_or_the_old_one()
    {
        var file = Path.Combine(_node.State, "out");
        await File.WriteAllTextAsync(file, "old");
        _node.Sends(ControlRoutes.Get, "half", whole: false);
        (await RunAsync("get", "bafk", "-o", file)).ShouldBe(1);
        (await File.ReadAllTextAsync(file)).ShouldBe("old");
        _node.Sends(ControlRoutes.Get, "whole");
        (await RunAsync("get", "bafk", "-o", file)).ShouldBe(0);
        (await File.ReadAllTextAsync(file)).ShouldBe("whole");
        Directory.GetFiles(_node.State, "*.part").ShouldBeEmpty();
    }

    [Fact]
    public async Task Get_into_a_file_keeps_its_mode_and_its_owner_and_the_symlink_that_leads_to_it()
    {
        var file = Path.Combine(_node.State, "out");
        var link = Path.Combine(_node.State, "link");
        await File.WriteAllTextAsync(file, "old");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(link, "out");
        if (Environment.IsPrivilegedProcess) Tool("chown", "1234:1235", file);
        var before = Tool("stat", "-c", "%f %u %g", file);
        _node.Sends(ControlRoutes.Get, "new");
        (await RunAsync("get", "bafk", "-o", link)).ShouldBe(0);
        (await File.ReadAllTextAsync(file)).ShouldBe("new");
        Tool("stat", "-c", "%f %u %g", file).ShouldBe(before);
        new FileInfo(link).LinkTarget.ShouldBe("out");
    }

    [Fact]
    public async Task A_proof_is_two_files_or_none_and_the_old_ones_stay_where_it_cannot_be_written()
    {
        var file = Path.Combine(_node.State, "proof");
        await File.WriteAllTextAsync(file, "old");
        Directory.CreateDirectory(file + ".entry");
        _node.Answers(ControlRoutes.Proof, new ProofReport("log", "record", "new"), ControlJson.Default.ProofReport);
        (await RunAsync("proof", "get", "a", "-o", file)).ShouldBe(1);
        _terminal.Error.ShouldContain($"{file}.entry is no regular file");
        (await File.ReadAllTextAsync(file)).ShouldBe("old");
        Directory.Delete(file + ".entry");
        (await RunAsync("proof", "get", "a", "-o", file)).ShouldBe(0);
        (await File.ReadAllTextAsync(file)).ShouldBe("new");
        (await File.ReadAllTextAsync(file + ".entry")).ShouldBe("record");
        var fifo = Path.Combine(_node.State, "fifo");
        Tool("mkfifo", fifo);
        (await RunAsync("proof", "get", "a", "-o", fifo)).ShouldBe(1);
        _terminal.Error.ShouldContain($"{fifo} is no regular file");
        File.Exists(fifo + ".entry").ShouldBeFalse();
        Directory.GetFiles(_node.State, "*.part").ShouldBeEmpty();
    }

    [Fact]
    public async Task Get_into_a_symlink_that_leads_nowhere_makes_the_file_there()
    {
        File.CreateSymbolicLink(Path.Combine(_node.State, "link"), "out");
        _node.Sends(ControlRoutes.Get, "new");
        (await RunAsync("get", "bafk", "-o", Path.Combine(_node.State, "link"))).ShouldBe(0);
        (await File.ReadAllTextAsync(Path.Combine(_node.State, "out"))).ShouldBe("new");
    }

    [Fact]
    public async Task Get_into_a_FIFO_writes_into_it()
    {
        var fifo = Path.Combine(_node.State, "fifo");
        Tool("mkfifo", fifo);
        // Without a reader the writer would wait for one.
        using var reader = new FileStream(fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        _node.Sends(ControlRoutes.Get, "through");
        (await RunAsync("get", "bafk", "-o", fifo)).ShouldBe(0);
        Tool("stat", "-c", "%F", fifo).ShouldBe("fifo\n");
        var buffer = new byte[7];
        await reader.ReadExactlyAsync(buffer);
        buffer.ShouldBe("through"u8.ToArray());
    }

    [Fact]
    public async Task Get_into_a_device_writes_into_it()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root makes devices.");
        var device = Path.Combine(_node.State, "null");
        Tool("mknod", device, "c", "1", "3");
        _node.Sends(ControlRoutes.Get, "away");
        (await RunAsync("get", "bafk", "-o", device, "--json")).ShouldBe(0);
        Tool("stat", "-c", "%F", device).ShouldBe("character special file\n");
        _terminal.Out.ShouldContain("\"done\":4");
    }

    [Fact]
    public async Task Get_takes_any_name_that_a_file_can_have()
    {
        var file = Path.Combine(_node.State, new string('x', 255));
        _node.Sends(ControlRoutes.Get, "whole");
        (await RunAsync("get", "bafk", "-o", file)).ShouldBe(0);
        (await File.ReadAllTextAsync(file)).ShouldBe("whole");
    }

    [Fact]
    public async Task Get_into_a_directory_or_into_no_name_asks_the_node_nothing()
    {
        (await RunAsync("get", "bafk", "-o", _node.State)).ShouldBe(1);
        _terminal.Error.ShouldContain($"{_node.State} is a directory");
        (await RunAsync("get", "bafk", "-o", "")).ShouldBe(2);
        _node.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Get_leaves_nothing_behind_when_its_terminal_is_closed()
    {
        _node.Hangs(ControlRoutes.Get);
        using var get = Process.Start(Path.Combine(AppContext.BaseDirectory, "swarmfs"), ["--state", _node.State, "get", "bafk", "-o", Path.Combine(_node.State, "out")]);
        await _node.GotRequest.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Directory.GetFiles(_node.State, "*.part").ShouldHaveSingleItem();
        Tool("kill", "-HUP", $"{get.Id}");
        await get.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        get.ExitCode.ShouldBe(129);
        Directory.GetFiles(_node.State, "*.part").ShouldBeEmpty();
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData(">&- 2>&-")]
    [InlineData("<&- >&- 2>&-")]
    public void A_program_whose_output_is_closed_does_what_it_is_told(string closed)
    {
        _node.Sends(ControlRoutes.Get, "whole");
        Tool("sh", "-c", $"'{AppContext.BaseDirectory}/swarmfs' --state '{_node.State}' get bafk -o '{_node.State}/out' {closed}");
        File.ReadAllText(Path.Combine(_node.State, "out")).ShouldBe("whole");
        Tool("sh", "-c", $"'{AppContext.BaseDirectory}/swarmfs' --state /nonexistent config {closed}");
    }

    private sealed class FullWriter : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left on device");

        public override void Write(char[] buffer, int index, int count) => throw new IOException("No space left on device");

        public override void Write(string? value) => throw new IOException("No space left on device");
    }

    private static string Tool(string name, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0);
        return output;
    }

    [Fact]
    public async Task Progress_goes_to_standard_error_and_only_where_somebody_watches()
    {
        var report = new PinReport("bafy", "a", "1", Pinned: true, 10, 0, 0);
        _node.Answers(ControlRoutes.Pin, report, ControlJson.Default.PinReport, new ProgressReport("fetching", "a", 5, 10, "blocks"));
        await RunAsync("pin", "a");
        _terminal.Error.ShouldBeEmpty();
        var watched = new TestTerminal { ErrorIsTerminal = true };
        (await watched.RunAsync("--state", _node.State, "pin", "a")).ShouldBe(0);
        watched.Error.ShouldContain("fetching a 50 % of 10 blocks");
        watched.Out.ShouldStartWith("pinned a/1");
    }

    [Fact]
    public async Task Json_is_one_object_on_standard_output()
    {
        _node.Answers(ControlRoutes.Check, new CheckReport(10, 100, ["bafkdamaged"], [], 0, Clean: false), ControlJson.Default.CheckReport);
        (await RunAsync("fsck", "--json")).ShouldBe(1);
        using var json = JsonDocument.Parse(_terminal.Out);
        json.RootElement.GetProperty("damaged")[0].GetString().ShouldBe("bafkdamaged");
    }

    [Fact]
    public async Task A_check_says_what_becomes_of_damage_and_of_what_is_not_all_here()
    {
        _node.Answers(ControlRoutes.Check, new CheckReport(10, 100, ["bafkdamaged"], ["bafypart"], 1, Clean: true), ControlJson.Default.CheckReport);
        (await RunAsync("fsck")).ShouldBe(0);
        _terminal.Out.ShouldContain("1 damaged, 1 repaired");
        _terminal.Out.ShouldContain("damaged bafkdamaged");
        _terminal.Out.ShouldContain("not all here bafypart: what is missing is fetched when it is read");
    }

    [Fact]
    public async Task A_pin_of_which_blocks_are_missing_is_not_done()
    {
        _node.Answers(ControlRoutes.Pin, new PinReport("bafy", "a", "1", Pinned: true, 10, 3, 0), ControlJson.Default.PinReport);
        (await RunAsync("pin", "a")).ShouldBe(1);
        _terminal.Error.ShouldContain("3 blocks are still missing");
    }

    [Fact]
    public async Task A_pin_for_which_the_store_has_no_room_is_not_done()
    {
        _node.Answers(ControlRoutes.Pin, new PinReport("bafy", "a", "1", Pinned: true, 10, 0, 4), ControlJson.Default.PinReport);
        (await RunAsync("pin", "a")).ShouldBe(1);
        _terminal.Error.ShouldContain("no room for 4 blocks");
    }

    [Fact]
    public async Task Interrupting_closes_the_connection_and_says_what_stays()
    {
        _node.Hangs(ControlRoutes.Import);
        using var stop = new CancellationTokenSource();
        var running = CommandLine.Build(_terminal.Terminal).Parse(["--state", _node.State, "import", "apt", "big"])
            .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, stop.Token);
        await _node.GotRequest.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await stop.CancelAsync();
        (await running).ShouldBe(130);
        _terminal.Error.ShouldContain("the catalogue is as it was");
        await _node.ClientLeft.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Up_refuses_a_bad_setting_before_anything_is_started()
    {
        (await RunAsync("up", "--quota", "12 parsecs")).ShouldBe(2);
        _terminal.Error.ShouldContain("store.quota = 12 parsecs (option --quota): must be a size");
    }

    [Fact]
    public async Task Up_without_the_daemon_beside_it_says_what_is_missing()
    {
        (await RunAsync("up")).ShouldBe(1);
        _terminal.Error.ShouldContain("/nowhere/swarmfs-daemon is missing");
    }

    [Fact]
    public async Task Config_shows_what_would_be_in_force_where_no_node_runs()
    {
        var terminal = new TestTerminal { Environment = { ["SWARMFS_DEADLINE"] = "3s" } };
        (await terminal.RunAsync("--state", "/nonexistent", "config")).ShouldBe(0);
        terminal.Out.ShouldMatch(@"retrieval\.deadline\s+3s\s+environment variable SWARMFS_DEADLINE");
        terminal.Error.ShouldContain("No node is running");
    }
}
