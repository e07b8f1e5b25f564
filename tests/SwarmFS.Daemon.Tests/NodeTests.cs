using System.Text.Json;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Daemon.State;

namespace SwarmFS.Daemon.Tests;

/// <summary>The two programs with all real parts.</summary>
public sealed class NodeTests
{
    private static string MakeSource(NodeProcess node)
    {
        var source = Path.Combine(node.Directory, "src");
        Directory.CreateDirectory(Path.Combine(source, "bin"));
        File.WriteAllText(Path.Combine(source, "bin/tool"), "#!/bin/sh\necho works\n");
        File.SetUnixFileMode(Path.Combine(source, "bin/tool"), (UnixFileMode)0x1ed);
        var large = new byte[3_000_000];
        new Random(7).NextBytes(large);
        File.WriteAllBytes(Path.Combine(source, "large"), large);
        File.CreateSymbolicLink(Path.Combine(source, "link"), "bin/tool");
        return source;
    }

    private static async Task ImportAsync(NodeProcess node, string version = "1.0")
    {
        var imported = await node.SwarmfsAsync("import", "tree", MakeSource(node), "--name", "tool", "--version", version);
        imported.ExitCode.ShouldBe(0, imported.Error);
    }

    [Fact]
    public async Task A_node_whose_state_was_removed_under_it_still_unmounts_and_ends_without_a_crash()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        Directory.Delete(node.State, recursive: true);

        await node.SignalAsync("TERM");

        (await node.WaitForEndAsync()).ShouldBe(0, node.Output);
        node.Output.ShouldNotContain("Unhandled");
        (await NodeProcess.ShellAsync($"mountpoint -q {node.Mount}")).ExitCode.ShouldNotBe(0);
    }

    [Fact]
    public async Task A_damaged_record_in_the_middle_of_its_own_log_keeps_a_node_from_starting_and_costs_none_behind_it()
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        await ImportAsync(node);
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        await node.WaitForEndAsync();
        var journal = Path.Combine(node.State, "log.entries");
        var (sound, damaged) = (File.ReadAllBytes(journal), File.ReadAllBytes(journal));
        damaged[12] ^= 1;
        File.WriteAllBytes(journal, damaged);

        (await node.TryUpAsync("--no-mount")).ShouldBe(1, node.Output);

        node.Output.ShouldContain($"The journal '{journal}' is damaged at byte 0");
        node.Output.ShouldNotContain("   at ");
        File.ReadAllBytes(journal).ShouldBe(damaged);
        File.WriteAllBytes(journal, sound);
        await node.UpAsync("--no-mount");
    }

    [Fact]
    public async Task A_tree_that_is_imported_is_read_through_the_mount_and_the_commands_until_the_node_goes_down_cleanly()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        await ImportAsync(node);
        var compared = await NodeProcess.ShellAsync($"diff -r --no-dereference {node.Directory}/src {node.Mount}/pkgs/tool/1.0 && {node.Mount}/pkgs/tool/latest/link");
        compared.ShouldBe(new Ended(0, "works\n", ""));

        var listed = JsonSerializer.Deserialize((await node.SwarmfsAsync("ls", "pkgs/tool/latest", "--json")).Out, ControlJson.Default.ListReport)!;
        listed.Entries.Select(entry => entry.Name).ShouldBe(["bin", "large", "link"]);
        (await node.SwarmfsAsync("cat", "pkgs/tool/latest/link")).Out.ShouldBe("#!/bin/sh\necho works\n");
        var copy = Path.Combine(node.Directory, "copy");
        (await node.SwarmfsAsync("get", listed.Entries[1].Cid!, "-o", copy)).ExitCode.ShouldBe(0);
        (await NodeProcess.RunAsync("cmp", copy, Path.Combine(node.Directory, "src/large"))).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("get", listed.Entries[0].Cid!)).Error.ShouldContain("is a directory");

        (await node.SwarmfsAsync("pin", "tool")).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("gc")).ExitCode.ShouldBe(0);
        var check = JsonSerializer.Deserialize((await node.SwarmfsAsync("fsck", "--json")).Out, ControlJson.Default.CheckReport)!;
        (check.Clean, check.Damaged.Count, check.Incomplete.Count).ShouldBe((true, 0, 0));
        var status = JsonSerializer.Deserialize((await node.SwarmfsAsync("status", "--json")).Out, ControlJson.Default.StatusReport)!;
        // Besides the package: the catalogue and the files of the log.
        (status.Health.State, status.Mount!.Path, status.Store.PinnedRoots, status.Catalogue.Packages, status.Pid).ShouldBe(("ok", node.Mount, 3, 1, node.Pid));
        var log = status.Catalogue.Logs.ShouldHaveSingleItem();
        (log.Key, log.Own, log.Entries, log.State, status.Catalogue.State).ShouldBe((status.ImporterKey, true, 2, "unwitnessed", "fresh"));
        (await NodeProcess.ShellAsync($"cat {node.Mount}/.status/health.json")).Out.ShouldContain("\"ok\"");

        (await node.SwarmfsAsync("unpin", "tool")).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("unpin", "tool")).Error.ShouldContain("is not pinned");
        var down = await node.SwarmfsAsync("down");
        (down.ExitCode, down.Out).ShouldBe((0, $"Stopped; unmounted {node.Mount}.\n"));
        (await node.WaitForEndAsync()).ShouldBe(0);
        Directory.Exists(node.Mount).ShouldBeFalse();
        File.Exists(Path.Combine(node.State, "control.sock")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_unmounts(string signal)
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        await node.SignalAsync(signal);
        (await node.WaitForEndAsync()).ShouldBe(0);
        (await NodeProcess.ShellAsync($"grep ' {node.Mount} ' /proc/mounts")).Out.ShouldBeEmpty();
    }

    /// <summary>As timeout(1) and make(1) do, which tell the process and its group.</summary>
    [Fact]
    public async Task Told_twice_in_one_breath_it_ends_cleanly_all_the_same()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        await NodeProcess.ShellAsync($"kill -TERM {node.Pid}; kill -INT {node.Pid}; kill -HUP {node.Pid}");
        (await node.WaitForEndAsync()).ShouldBe(0);
        Directory.Exists(node.Mount).ShouldBeFalse();
    }

    [Fact]
    public async Task A_mount_in_use_is_taken_out_of_the_tree_and_the_node_ends()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        await ImportAsync(node);
        var user = NodeProcess.ShellAsync($"cd {node.Mount}/pkgs/tool/1.0 && touch {node.Directory}/inside && exec sleep 20");
        (await NodeProcess.ShellAsync($"for i in $(seq 200); do [ -e {node.Directory}/inside ] && exit 0; sleep 0.05; done; exit 1")).ExitCode.ShouldBe(0);
        await node.SignalAsync("TERM");
        (await node.WaitForEndAsync()).ShouldBe(0);
        user.IsCompleted.ShouldBeFalse();
        node.Output.ShouldContain("is in use");
        (await NodeProcess.ShellAsync($"grep ' {node.Mount} ' /proc/mounts")).Out.ShouldBeEmpty();
        await user;
    }

    [Fact]
    public async Task After_kill_9_the_next_start_replaces_the_dead_mount_and_inode_numbers_stay()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        await ImportAsync(node);
        var file = $"{node.Mount}/pkgs/tool/1.0/bin/tool";
        var inode = (await NodeProcess.RunAsync("stat", "-c", "%i", file)).Out;
        await node.SignalAsync("KILL");
        await node.WaitForEndAsync();
        // "connection abort" is said to who asks while a ring of io_uring is still being closed.
        (await NodeProcess.RunAsync("stat", node.Mount)).Error.ShouldMatch("not connected|connection abort");
        await node.UpAsync();
        node.Output.ShouldContain("still mounted by a node that is dead");
        (await NodeProcess.RunAsync("stat", "-c", "%i", file)).Out.ShouldBe(inode);
        (await NodeProcess.RunAsync(file)).Out.ShouldBe("works\n");
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        (await NodeProcess.ShellAsync($"grep ' {node.Mount} ' /proc/mounts")).Out.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_mount_of_a_killed_node_goes_though_the_next_one_is_mounted_elsewhere_or_not_at_all()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        var (first, second) = (Path.Combine(node.Directory, "first"), Path.Combine(node.Directory, "second"));
        try
        {
            await node.UpAsync("--mount", first);
            await KillAsync(node);
            await node.UpAsync("--mount", second);
            node.Output.ShouldContain($"{first} was still mounted by this state's last node, which is dead; unmounted");
            (await NodeProcess.ShellAsync($"test -e {first} || test -d {second}/pkgs && grep -c ' {node.Directory}/' /proc/mounts")).Out.Trim().ShouldBe("1");
            await KillAsync(node);
            await node.UpAsync("--no-mount");
            (await NodeProcess.ShellAsync($"ls -d {first} {second} 2>&-; grep ' {node.Directory}/' /proc/mounts")).Out.ShouldBeEmpty();
        }
        finally
        {
            await NodeProcess.ShellAsync($"umount -l {first} {second} 2>&-");
        }
    }

    [Theory]
    [InlineData("made ")]
    [InlineData("found ")]
    [InlineData("\0garbage ")]
    public async Task A_mount_that_lives_stays_whatever_another_state_remembers_of_its_place(string word)
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        await using var other = new NodeProcess();
        Directory.CreateDirectory(other.State);
        await File.WriteAllTextAsync(Path.Combine(other.State, "mount"), $"{word}{node.Mount}\n");
        await other.UpAsync("--no-mount");
        (await NodeProcess.ShellAsync($"test -d {node.Mount}/pkgs")).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("status")).Out.ShouldMatch("mount .*: mounted,");
    }

    [Fact]
    public async Task A_directory_that_a_killed_node_has_made_goes_with_the_mount_of_the_next()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        await KillAsync(node);
        await node.UpAsync();
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        await node.WaitForEndAsync();
        Directory.Exists(node.Mount).ShouldBeFalse();
    }

    private static async Task KillAsync(NodeProcess node)
    {
        await node.SignalAsync("KILL");
        await node.WaitForEndAsync();
    }

    [Fact]
    public async Task What_is_not_seen_at_its_place_is_not_called_mounted()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        await node.UpAsync();
        (await NodeProcess.ShellAsync($"mount -t tmpfs none {node.Mount}")).ExitCode.ShouldBe(0);
        var covered = await node.SwarmfsAsync("status");
        covered.Out.ShouldMatch("mount .*elsewhere");
        covered.Out.ShouldContain($"The mount is not seen on {node.Mount}");
        (await NodeProcess.ShellAsync($"umount {node.Mount}")).ExitCode.ShouldBe(0);
        var seen = await node.SwarmfsAsync("status");
        seen.Out.ShouldNotContain("elsewhere");
        seen.Out.ShouldMatch("health +ok");
    }

    [Fact]
    public async Task A_second_node_on_the_same_state_is_refused_and_the_first_goes_on()
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        var second = await node.SwarmfsAsync("up", "--no-mount", "--listen", "127.0.0.1:0");
        second.ExitCode.ShouldBe(1);
        second.Error.ShouldContain($"A node with pid {node.Pid} already runs on {node.State}");
        (await node.SwarmfsAsync("id")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_full_mount_point_and_a_taken_port_are_refused_and_leave_nothing_behind()
    {
        await using var node = new NodeProcess();
        Directory.CreateDirectory(node.Mount);
        await File.WriteAllTextAsync(Path.Combine(node.Mount, "precious"), "x");
        (await node.TryUpAsync()).ShouldBe(1);
        node.Output.ShouldContain("is not empty: it holds precious");
        (await node.SwarmfsAsync("status")).ExitCode.ShouldBe(1);

        using var taken = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        taken.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((System.Net.IPEndPoint)taken.LocalEndPoint!).Port;
        (await node.TryUpAsync("--no-mount", "--listen", $"127.0.0.1:{port}")).ShouldBe(1);
        node.Output.ShouldContain("--listen");
        (await node.TryUpAsync("--no-mount", "--http", $"127.0.0.1:{port}")).ShouldBe(1);
        node.Output.ShouldContain($"swarmfs-daemon: The log cannot be served on 127.0.0.1:{port}");
        node.Output.ShouldContain("--http");
        node.Output.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task A_policy_and_a_key_that_cannot_be_read_are_named_in_one_line()
    {
        await using var node = new NodeProcess();
        (await node.TryUpAsync("--no-mount", "--policy", "/nope")).ShouldBe(1);
        node.Output.ShouldContain("swarmfs-daemon: The policy /nope cannot be read: ");
        node.Output.ShouldNotContain("state directory");

        await File.WriteAllBytesAsync(Path.Combine(node.State, "importer.key"), []);
        (await node.TryUpAsync("--no-mount")).ShouldBe(1);
        node.Output.ShouldContain($"swarmfs-daemon: The key file {node.State}/importer.key has 0 bytes");
        node.Output.ShouldNotContain("Unhandled");
    }

    [Theory]
    [InlineData("policy", "apply")]
    [InlineData("import", "deb")]
    public async Task Only_regular_files_are_opened_for_a_command_and_a_node_that_is_down_has_let_its_directory_go(params string[] words)
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        var fifo = Path.Combine(node.Directory, "fifo");
        (await NodeProcess.RunAsync("mkfifo", fifo)).ExitCode.ShouldBe(0);
        foreach (var strange in new[] { fifo, "/dev/zero", node.Directory })
        {
            var refused = await NodeProcess.RunAsync("timeout", ["5", WitnessProcess.Swarmfs, "--state", node.State, .. words, strange]);
            refused.ExitCode.ShouldBe(1, $"{strange}: {refused.Error}");
            refused.Error.ShouldContain($"{strange} cannot be read: It is no regular file.");
        }
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        await using (new FileStream(Path.Combine(node.State, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None)) (await node.WaitForEndAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Detached_it_returns_when_ready_and_goes_on()
    {
        await using var node = new NodeProcess();
        var up = await node.SwarmfsAsync("up", "--no-mount", "--listen", "127.0.0.1:0", "--lan", "off", "--detach");
        up.ExitCode.ShouldBe(0, up.Error);
        up.Out.ShouldStartWith("READY pid ");
        (await node.SwarmfsAsync("id")).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        var failed = await node.SwarmfsAsync("up", "--mount", "/proc", "--detach");
        failed.ExitCode.ShouldBe(1);
        failed.Error.ShouldContain("/proc is already a mount point");
        failed.Error.ShouldNotContain("listening");
        failed.Error.ShouldNotContain("swarmfs down");
    }

    [Fact]
    public async Task An_empty_file_is_had_by_its_hash_without_anybody()
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        var file = Path.Combine(node.Directory, "empty");
        var got = await node.SwarmfsAsync("get", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "-o", file);
        got.ExitCode.ShouldBe(0, got.Error);
        new FileInfo(file).Length.ShouldBe(0);
    }

    [Fact]
    public async Task A_state_directory_that_is_none_is_named_with_the_remedy_and_so_is_a_directory_in_the_place_of_a_key()
    {
        await using var node = new NodeProcess();
        await File.WriteAllTextAsync(node.State, "");
        var up = await node.SwarmfsAsync("up", "--no-mount", "--listen", "127.0.0.1:0", "--detach");
        up.ExitCode.ShouldBe(1);
        up.Error.ShouldStartWith($"swarmfs: The state directory {node.State} cannot be used: ");
        up.Error.ShouldContain("--state");
        File.Delete(node.State);
        Directory.CreateDirectory(Path.Combine(node.State, "importer.key"));
        (await node.TryUpAsync("--no-mount")).ShouldBe(1);
        node.Output.ShouldContain($"swarmfs-daemon: The key file {node.State}/importer.key is a directory");
    }

    [Fact]
    public async Task A_mount_point_may_be_a_link_and_the_mount_of_a_killed_node_there_is_replaced()
    {
        NodeProcess.SkipUnlessMountable();
        await using var node = new NodeProcess();
        var real = Directory.CreateDirectory(Path.Combine(node.Directory, "real")).FullName;
        File.CreateSymbolicLink(node.Mount, real);
        try
        {
            await node.UpAsync();
            await node.SignalAsync("KILL");
            await node.WaitForEndAsync();
            await node.UpAsync();
            (await NodeProcess.ShellAsync($"test -d {node.Mount}/pkgs && grep -c ' {real} ' /proc/mounts")).Out.Trim().ShouldBe("1");
            (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
            (await NodeProcess.ShellAsync($"grep ' {real} ' /proc/mounts")).Out.ShouldBeEmpty();
        }
        finally
        {
            await NodeProcess.ShellAsync($"umount -l {real} 2>&-");
        }
    }

    [Fact]
    public async Task The_log_of_a_detached_node_does_not_grow_for_ever()
    {
        await using var node = new NodeProcess();
        Directory.CreateDirectory(node.State);
        var log = Path.Combine(node.State, "daemon.log");
        await File.WriteAllTextAsync(log, new string('x', (int)BoundedLog.MaxBytes + 1));
        (await node.SwarmfsAsync("up", "--no-mount", "--listen", "127.0.0.1:0", "--lan", "off", "--detach")).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        (await File.ReadAllTextAsync(log)).ShouldEndWith("there was no mount\n");
        new FileInfo(log).Length.ShouldBeLessThan(BoundedLog.MaxBytes);
        (await File.ReadAllTextAsync(log + ".1")).ShouldStartWith("xxx");
    }

    [Fact]
    public async Task What_was_imported_twice_with_different_content_is_refused_and_nothing_of_it_stays_pinned()
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        await ImportAsync(node);
        await File.WriteAllTextAsync(Path.Combine(node.Directory, "src/new"), "x");
        var again = await node.SwarmfsAsync("import", "tree", Path.Combine(node.Directory, "src"), "--name", "tool", "--version", "1.0");
        again.ExitCode.ShouldBe(1);
        again.Error.ShouldContain("a version never changes");
        var status = JsonSerializer.Deserialize((await node.SwarmfsAsync("status", "--json")).Out, ControlJson.Default.StatusReport)!;
        status.Store.PinnedRoots.ShouldBe(3);
    }

    [Fact]
    public async Task A_pin_of_what_is_no_tree_leaves_nothing_and_one_of_what_cannot_be_had_yet_stays()
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount", "--deadline", "1s");
        await ImportAsync(node);
        var listed = JsonSerializer.Deserialize((await node.SwarmfsAsync("ls", "pkgs/tool/1.0", "--json")).Out, ControlJson.Default.ListReport)!;
        var file = listed.Entries.Single(entry => entry.Name == "large").Cid!;
        var refused = await node.SwarmfsAsync("pin", file);
        refused.ExitCode.ShouldBe(1);
        refused.Error.ShouldContain("malformed and refused");
        (await node.SwarmfsAsync("unpin", file)).Error.ShouldContain("is not pinned");

        // Kept before, as a wish for later: then the refusal is no reason to forget it.
        (await node.SwarmfsAsync("pin", file, "--no-fetch")).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("pin", file)).ExitCode.ShouldBe(1);
        (await node.SwarmfsAsync("unpin", file)).ExitCode.ShouldBe(0);

        var nowhere = Cid.Of(CidCodec.MessagePack, "of nobody"u8).ToString();
        var waiting = await node.SwarmfsAsync("pin", nowhere);
        waiting.ExitCode.ShouldBe(1);
        waiting.Error.ShouldContain("It is pinned");
        (await node.SwarmfsAsync("unpin", nowhere)).ExitCode.ShouldBe(0);
    }

    [Theory]
    [InlineData("=")]
    [InlineData("tool=")]
    [InlineData("=1.0")]
    public async Task A_pin_without_a_name_or_a_version_makes_no_sense(string subject)
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        var pinned = await node.SwarmfsAsync("pin", subject);
        pinned.ExitCode.ShouldBe(2);
        pinned.Error.ShouldContain($"'{subject}' names no version.");
        pinned.Error.ShouldContain("Write NAME=VERSION");
    }

    [Fact]
    public async Task A_path_that_is_not_there_is_told_alike_by_ls_and_cat()
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        foreach (var path in (string[])["nope", "pkgs/nope", "pkgs/nope/1.0", "pkgs"])
        {
            (await node.SwarmfsAsync("cat", path)).ExitCode.ShouldBe(1, path);
            if (path != "pkgs") (await node.SwarmfsAsync("ls", path)).ExitCode.ShouldBe(1, path);
        }
    }

    [Fact]
    public async Task The_own_log_is_served_over_http_as_the_files_that_the_command_shows()
    {
        await using var node = new NodeProcess();
        int port;
        using (var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((System.Net.IPEndPoint)free.LocalEndpoint).Port;
        }
        await node.UpAsync("--no-mount", "--http", $"127.0.0.1:{port}");
        await ImportAsync(node);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        (await http.GetStringAsync("checkpoint")).ShouldBe((await node.SwarmfsAsync("log", "checkpoint")).Out);
        (await http.GetStringAsync("tile/entries/000.p/2")).ShouldContain("name tool\nversion 1.0\n");
        (await http.GetAsync("tile/entries/000.p/3")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Two_nodes_meet_and_a_pin_brings_the_whole_package_over()
    {
        await using var source = new NodeProcess();
        await using var reader = new NodeProcess();
        await source.UpAsync("--no-mount");
        await ImportAsync(source);
        var identity = JsonSerializer.Deserialize((await source.SwarmfsAsync("id", "--json")).Out, ControlJson.Default.IdentityReport)!;
        await reader.UpAsync("--no-mount", "--peer", identity.Listen, "--trust", identity.ImporterKey);
        var pinned = await RetryAsync(() => reader.SwarmfsAsync("pin", "tool"));
        pinned.ExitCode.ShouldBe(0, pinned.Error);
        (await source.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        (await reader.SwarmfsAsync("cat", "pkgs/tool/latest/bin/tool")).Out.ShouldContain("echo works");
        var status = JsonSerializer.Deserialize((await reader.SwarmfsAsync("status", "--json")).Out, ControlJson.Default.StatusReport)!;
        var root = status.Roots.Where(root => root.Name is not null).ShouldHaveSingleItem();
        (root.Name, root.Version).ShouldBe(("tool", "1.0"));
        root.Sources.ShouldHaveSingleItem().NodeId.ShouldBe(identity.NodeId);
        root.BytesReceived.ShouldBeGreaterThan(2_000_000);
        status.Metrics["swarmfs.swarm.bytes.received"].ShouldBeGreaterThan(2_000_000);
    }

    [Fact]
    public async Task A_block_damaged_on_disk_is_found_by_fsck_and_fetched_again_from_a_peer()
    {
        await using var source = new NodeProcess();
        await using var reader = new NodeProcess();
        await source.UpAsync("--no-mount");
        await ImportAsync(source);
        var identity = JsonSerializer.Deserialize((await source.SwarmfsAsync("id", "--json")).Out, ControlJson.Default.IdentityReport)!;
        await reader.UpAsync("--no-mount", "--peer", identity.Listen, "--trust", identity.ImporterKey);
        (await RetryAsync(() => reader.SwarmfsAsync("pin", "tool"))).ExitCode.ShouldBe(0);
        (await reader.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        await reader.WaitForEndAsync();

        var flat = Directory.GetFiles(Path.Combine(reader.State, "store"), "*.flat", SearchOption.AllDirectories).ShouldHaveSingleItem();
        await using (var file = new FileStream(flat, FileMode.Open))
        {
            file.Position = 1_500_000;
            var old = file.ReadByte();
            file.Position = 1_500_000;
            file.WriteByte((byte)~old);
        }

        await reader.UpAsync("--no-mount", "--peer", identity.Listen, "--trust", identity.ImporterKey);
        var found = JsonSerializer.Deserialize((await reader.SwarmfsAsync("fsck", "--json", "--no-repair")).Out, ControlJson.Default.CheckReport)!;
        (found.Damaged.Count, found.Repaired, found.Clean).ShouldBe((1, 0, false));
        (await reader.SwarmfsAsync("pin", "tool")).ExitCode.ShouldBe(0);
        await using (var file = new FileStream(flat, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = 10;
            file.Write("damaged again"u8);
        }
        var repaired = JsonSerializer.Deserialize((await reader.SwarmfsAsync("fsck", "--json")).Out, ControlJson.Default.CheckReport)!;
        (repaired.Damaged.Count, repaired.Repaired, repaired.Clean).ShouldBe((1, 1, true));
        var copy = Path.Combine(reader.Directory, "copy");
        (await NodeProcess.ShellAsync($"'{AppContext.BaseDirectory}/swarmfs' --state {reader.State} cat pkgs/tool/1.0/large > {copy} && cmp {copy} {source.Directory}/src/large")).ShouldBe(new Ended(0, "", ""));
    }

    /// <summary>Names travel with the announcements: a moment after two nodes met.</summary>
    private static async Task<Ended> RetryAsync(Func<Task<Ended>> run)
    {
        var last = await run();
        for (var tries = 0; tries < 50 && last.ExitCode != 0 && last.Error.Contains("No package is called"); tries++) last = await run();
        return last;
    }
}
