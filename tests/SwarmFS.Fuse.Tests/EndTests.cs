namespace SwarmFS.Fuse.Tests;

/// <summary>How a mount ends: never with one left behind, never with a caller left hanging.</summary>
public class EndTests
{
    /// <summary>Over the device here; a class that inherits the tests has them over something else.</summary>
    private protected virtual Task<FuseServer> Start(params string[] arguments) => FuseServer.Start(arguments);

    [Fact]
    public async Task An_unmount_ends_the_session_and_leaves_no_mount()
    {
        await using var server = await Start();
        (await server.Do("unmount")).ShouldBe("Unmounted");
        (await server.Do("end")).ShouldBe("Unmounted");
        (await server.Do("unmount")).ShouldBe("NotMounted");
        FuseMounts.Find(server.Mount).ShouldBeNull();
        (await server.Do("store page")).ShouldBe("False");
    }

    [Fact]
    public async Task A_mount_point_that_goes_away_meanwhile_leaves_no_server_behind()
    {
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => Start("--vanish"));
        refused.Message.ShouldStartWith("FAILED ENOENT mounting on ");
        (await Should.ThrowAsync<InvalidOperationException>(() => Start("--vanish", "--no-xattrs"))).Message.ShouldStartWith("FAILED ENOENT");
    }

    [Fact]
    public async Task What_others_mounted_on_top_is_neither_taken_for_the_own_mount_nor_unmounted()
    {
        await using var server = await Start();
        var other = Path.Join(server.Directory, "other");
        Directory.CreateDirectory(other);
        // Made before, put there after: mountinfo lists it first.
        (await Child.Shell($"umount {server.Mount}; mount -t tmpfs precious {other}")).Succeeded();
        await using var covered = await Start();
        try
        {
            (await Child.Shell($"touch {other}/file && mount --move {other} {covered.Mount}")).Succeeded();
            FuseMounts.Find(covered.Mount).ShouldNotBeNull().Type.ShouldBe("tmpfs");
            (await covered.Do("unmount")).ShouldBe("NotMounted");
            (await Child.Shell($"ls {covered.Mount}")).Succeeded().ShouldBe("file");
        }
        finally
        {
            (await Child.Shell($"umount {covered.Mount}")).Succeeded();
        }
        (await covered.Do("unmount")).ShouldBe("Unmounted");
    }

    [Fact]
    public async Task A_server_killed_while_its_mount_is_put_into_the_tree_does_not_wait_for_itself()
    {
        var directory = Directory.CreateTempSubdirectory("fuse-test-").FullName;
        Directory.CreateDirectory(Path.Join(directory, "mnt"));
        await using var server = FuseServer.Launch(directory, "--no-xattrs", "--stuck");
        (await server.ReadLine()).ShouldBe("STUCK");
        server.Kill();
        FuseMounts.Find(server.Mount).ShouldBeNull();
    }

    [Fact]
    public async Task An_unmount_from_outside_is_noticed()
    {
        await using var server = await Start();
        (await Child.Start("umount", server.Mount).Result()).Succeeded();
        (await server.Do("end")).ShouldBe("Unmounted");
    }

    [Fact]
    public async Task A_busy_mount_leaves_the_tree_and_serves_its_last_user()
    {
        await using var server = await Start();
        using var user = Child.Python($"import os\nf=open('{server.Mount}/page','rb')\nprint('open',flush=True)\ninput()\nprint(len(f.read()))");
        using var cat = Child.Start("sh", "-c", $"exec 3<{server.Mount}/small; cat {server.Mount}/gated2; cat <&3");
        await server.WaitForWaiting(1);
        (await server.Do("unmount")).ShouldBe("DetachedWhileBusy");
        FuseMounts.Find(server.Mount).ShouldBeNull();
        await server.Do("open-gate");
        var result = await cat.Result();
        result.ExitCode.ShouldBe(0, result.Error);
        result.Output.ShouldEndWith("hello\n");
        user.Signal("KILL");
        (await server.Do("end")).ShouldBe("Unmounted");
    }

    [Fact]
    public async Task The_end_of_the_server_waits_for_no_user_for_ever()
    {
        await using var server = await Start();
        using var user = Child.Python($"f=open('{server.Mount}/gated2','rb',buffering=0)\nprint(len(f.read()))");
        await server.WaitForWaiting(1);
        (await server.Quit()).ShouldBe("DONE Aborted");
        (await user.Result()).ExitCode.ShouldBe(1);
        FuseMounts.Find(server.Mount).ShouldBeNull();
    }

    [Fact]
    public async Task An_abort_frees_who_waits_and_the_dead_mount_is_seen_and_replaced()
    {
        await using var server = await Start();
        using var user = Child.Start("cat", $"{server.Mount}/gated2");
        await server.WaitForWaiting(1);
        FuseMounts.IsStale(server.Mount).ShouldBeFalse();
        (await server.Do("abort")).ShouldBe("True");
        (await user.Result()).ExitCode.ShouldBe(1);
        (await server.Do("end")).ShouldBe("Aborted");
        FuseMounts.IsStale(server.Mount).ShouldBeTrue();
        (await Child.Shell($"ls {server.Mount}")).Error.ShouldContain("not connected");
        (await server.Quit()).ShouldBe("DONE Aborted");
        FuseMounts.Find(server.Mount).ShouldBeNull();
    }

    [Fact]
    public async Task A_server_killed_leaves_a_dead_mount_that_its_successor_replaces()
    {
        await using var server = await Start();
        using var user = Child.Start("cat", $"{server.Mount}/gated2");
        await server.WaitForWaiting(1);
        server.Kill();
        (await user.Result()).ExitCode.ShouldBe(1);
        FuseMounts.IsStale(server.Mount).ShouldBeTrue();
        (await Child.Start(FuseServer.Host, server.Mount).Result()).Output.ShouldContain($"umount -l {server.Mount}");
        FuseMounts.Detach(server.Mount).ShouldBe((Errno)0);
        FuseMounts.Find(server.Mount).ShouldBeNull();
        var successor = FuseServer.Launch(server.Directory);
        (await successor.ReadLine()).ShouldStartWith("READY");
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("hello");
        FuseMounts.IsStale(server.Mount).ShouldBeFalse();
        (await successor.Quit()).ShouldBe("DONE Unmounted");
    }

    [Fact]
    public async Task A_server_just_killed_is_seen_to_be_dead_at_once()
    {
        await using var server = await Start();
        server.Kill();
        FuseMounts.IsStale(server.Mount).ShouldBeTrue();
    }

    [Fact]
    public async Task A_second_server_is_refused_and_the_first_goes_on()
    {
        await using var server = await Start();
        var second = await Child.Start(FuseServer.Host, server.Mount).Result();
        second.ExitCode.ShouldBe(1);
        second.Output.ShouldContain("EBUSY");
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("hello");
    }

    [Theory]
    [InlineData("missing", "does not exist")]
    [InlineData("file", "not a directory")]
    public async Task A_mount_point_that_will_not_do_is_named_with_the_reason(string kind, string words)
    {
        var directory = Directory.CreateTempSubdirectory("fuse-end-").FullName;
        try
        {
            if (kind == "file") await File.WriteAllTextAsync(Path.Join(directory, "mnt"), "");
            var result = await Child.Start(FuseServer.Host, Path.Join(directory, "mnt")).Result();
            result.ExitCode.ShouldBe(1);
            result.Output.ShouldContain(words);
            result.Output.ShouldContain(directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_mount_point_behind_a_symbolic_link_is_found_again()
    {
        await using var server = await Start();
        var link = server.Directory + "-link";
        File.CreateSymbolicLink(link, server.Directory);
        try
        {
            FuseMounts.Find(Path.Join(link, "mnt")).ShouldNotBeNull().MountPoint.ShouldBe(server.Mount);
        }
        finally
        {
            File.Delete(link);
        }
    }

    /// <summary>Without privilege the mount goes through fusermount3; the device has to be open to all for that, which a private mount namespace arranges.</summary>
    [Fact]
    public async Task Without_privilege_the_setuid_program_mounts()
    {
        var directory = Directory.CreateTempSubdirectory("fuse-user-").FullName;
        try
        {
            var script = $"""
                set -e
                mknod -m 666 {directory}/fuse c 10 229
                mount --bind {directory}/fuse /dev/fuse
                mkdir {directory}/mnt; chown nobody {directory}/mnt; chmod 755 {directory}
                mkfifo {directory}/in
                setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/tmp DOTNET_EnableDiagnostics=0 {FuseServer.Host} {directory}/mnt < {directory}/in > {directory}/out 2>&1 &
                server=$!
                exec 4> {directory}/in
                for _ in $(seq 100); do grep -qE 'READY|FAILED' {directory}/out && break; sleep 0.1; done
                setpriv --reuid=65534 --regid=65534 --clear-groups cat {directory}/mnt/small || true
                echo quit >&4
                wait $server || true
                cat {directory}/out
                grep -c {directory}/mnt /proc/mounts || true
                """;
            var result = await Child.Start("unshare", "-m", "sh", "-c", script).Result();
            result.Output.ShouldContain("hello", customMessage: result.Error);
            result.Output.ShouldContain("DONE Unmounted", customMessage: result.Error);
            result.Output.TrimEnd().ShouldEndWith("\n0");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
