using System.Diagnostics;

namespace SwarmFS.Fuse.Tests;

/// <summary>A session against the kernel: what is parked, pushed, forgotten, and how it ends.</summary>
public class SessionTests
{
    private static readonly TimeSpan Killed = TimeSpan.FromMilliseconds(500);
    private const string ReadPage = "import os,sys\nf=os.open(sys.argv[1],os.O_RDONLY)\nprint(len(os.pread(f,4096,0)))";
    private const string ReadDirect = "import os,sys,mmap\nf=os.open(sys.argv[1],os.O_RDONLY|os.O_DIRECT)\nb=mmap.mmap(-1,4096)\nprint(os.preadv(f,[b],0))";

    [Fact]
    public async Task A_mount_has_the_options_it_was_given()
    {
        await using var server = await FuseServer.Start("--readahead", "4096");
        var mount = FuseMounts.Find(server.Mount).ShouldNotBeNull();
        (mount.Type, mount.Source).ShouldBe(("fuse.swarmfs", "swarmfs"));
        var line = File.ReadLines("/proc/mounts").Single(l => l.Contains(server.Mount));
        line.ShouldContain("ro,nosuid,nodev,noatime");
        (await File.ReadAllTextAsync($"/sys/class/bdi/{mount.Device}/read_ahead_kb")).Trim().ShouldBe("4096");
        (await server.Do("readahead 512")).ShouldBe("512");
        (await File.ReadAllTextAsync($"/sys/class/bdi/{mount.Device}/read_ahead_kb")).Trim().ShouldBe("512");
    }

    [Fact]
    public async Task Large_reads_are_asked_for_in_requests_of_a_mebibyte()
    {
        await using var server = await FuseServer.Start();
        await server.Do("reset");
        (await Child.Shell($"wc -c < {server.Mount}/big")).Succeeded();
        (await Child.Shell($"dd if={server.Mount}/big of=/dev/null bs=1M status=none")).Succeeded();
        (await server.Count("read")).ShouldBeLessThan(64 * 2);
        var expected = (await Child.Python("import hashlib\nh=hashlib.sha256()\nfor o in range(0,64<<20,4096): h.update(bytes(((i*31)+(i>>12))&255 for i in range(o,o+4096))) if o<(1<<20) else None\nprint(h.hexdigest())").Result()).Succeeded();
        (await Child.Shell($"head -c 1048576 {server.Mount}/big | sha256sum")).Succeeded().ShouldStartWith(expected);
    }

    [Fact]
    public async Task What_is_known_is_not_asked_again()
    {
        await using var server = await FuseServer.Start();
        (await Child.Shell($"ls -l {server.Mount}/large > /dev/null; cat {server.Mount}/small")).Succeeded();
        await server.Do("reset");
        (await Child.Shell($"ls -l {server.Mount}/large | wc -l; cat {server.Mount}/small; stat {server.Mount}/absent 2>/dev/null; stat {server.Mount}/absent 2>/dev/null; true")).Succeeded();
        var counts = await server.Do("counts");
        counts.ShouldStartWith("lookup=1 getattr=0 read=0 list=0 open=0");
    }

    private const string Fault = "import mmap,sys\nf=open(sys.argv[1],'rb')\nprint(mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ)[5000])";
    private const string Stat = "import os,sys\nprint(os.stat(sys.argv[1]))";

    [Theory]
    [InlineData(ReadPage, "gated")]
    [InlineData(ReadDirect, "gated")]
    [InlineData(Fault, "gated")]
    [InlineData(Stat, "far/inside")]
    public async Task Who_is_killed_while_a_request_of_his_is_parked_is_gone_at_once(string script, string file)
    {
        await using var server = await FuseServer.Start();
        using var reader = Child.Python(script, $"{server.Mount}/{file}");
        await server.WaitForWaiting(1);
        var watch = Stopwatch.StartNew();
        reader.Signal("KILL");
        (await reader.HasEndedWithin(Killed)).ShouldBeTrue($"still there after {watch.Elapsed}");
        (await server.Do("open-gate")).ShouldNotBeNull();
        (await Child.Shell($"cat {server.Mount}/far/inside; cksum < {server.Mount}/gated")).Succeeded().ShouldEndWith("4194304");
    }

    [Fact]
    public async Task The_end_of_the_caller_cancels_the_parked_read()
    {
        await using var server = await FuseServer.Start("--timeout", "0");
        using var reader = Child.Python(ReadDirect, $"{server.Mount}/gated2");
        await server.WaitForWaiting(1);
        reader.Signal("KILL");
        (await reader.HasEndedWithin(Killed)).ShouldBeTrue();
        var watch = Stopwatch.StartNew();
        while (await server.Do("waiting") != "0 1 0") watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Parked_reads_are_answered_when_the_gate_opens()
    {
        await using var server = await FuseServer.Start();
        using var first = Child.Start("cksum", $"{server.Mount}/gated");
        using var second = Child.Start("cksum", $"{server.Mount}/gated2");
        await server.WaitForWaiting(2);
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("hello");
        await server.Do("open-gate");
        (await first.Result()).Succeeded().ShouldContain("4194304");
        (await second.Result()).Succeeded().ShouldContain("4096");
        (await server.Do("waiting")).ShouldBe("0 0 0");
    }

    [Fact]
    public async Task A_parked_read_can_fail_and_late_answers_change_nothing()
    {
        await using var server = await FuseServer.Start();
        using var reader = Child.Python(ReadDirect, $"{server.Mount}/gated2");
        await server.WaitForWaiting(1);
        await server.Do("touch-late");
        var result = await reader.Result();
        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain("Stale file handle");
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("hello");
    }

    [Fact]
    public async Task A_parked_read_can_be_given_its_data_directly()
    {
        await using var server = await FuseServer.Start();
        using var reader = Child.Start("cat", $"{server.Mount}/gated2");
        await server.WaitForWaiting(1);
        await server.Do("complete");
        (await reader.Result()).Succeeded().ShouldBe(new string('d', 4096));
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("falsely-parked")]
    public async Task A_handler_that_breaks_its_promise_gives_an_error_and_goes_on(string file)
    {
        await using var server = await FuseServer.Start();
        (await Child.Shell($"cat {server.Mount}/{file}")).Error.ShouldContain("Input/output error");
        (await Child.Shell($"cat {server.Mount}/small; wc -c < {server.Mount}/parks-and-answers")).Succeeded().ShouldBe("hello\n4096");
    }

    [Fact]
    public async Task Pushed_data_are_read_without_a_question()
    {
        await using var server = await FuseServer.Start();
        (await server.Do("store page")).ShouldBe("False");
        (await Child.Shell($"stat {server.Mount}/page {server.Mount}/small")).Succeeded();
        await server.Do("reset");
        (await server.Do("store page")).ShouldBe("True");
        (await server.Do("store small")).ShouldBe("True");
        (await Child.Shell($"cat {server.Mount}/small; wc -c < {server.Mount}/page; cksum < {server.Mount}/page")).Succeeded().ShouldStartWith("hello\n8192");
        (await server.Count("read")).ShouldBe(0);
    }

    [Theory]
    [InlineData("--no-xattrs")]
    [InlineData("--readers", "2")]
    public async Task A_new_name_appears_when_its_absence_is_invalidated(params string[] arguments)
    {
        await using var server = await FuseServer.Start(arguments);
        (await Child.Shell($"cat {server.Mount}/new")).ExitCode.ShouldBe(1);
        await server.Do("add new content");
        (await Child.Shell($"cat {server.Mount}/new")).ExitCode.ShouldBe(1);
        (await server.Do("invalidate-entry new")).ShouldBe("True");
        (await Child.Shell($"cat {server.Mount}/new")).Succeeded().ShouldBe("content");
        (await server.Do("invalidate-entry never-asked")).ShouldBe("False");
    }

    [Theory]
    [InlineData("--no-xattrs")]
    [InlineData("--readers", "2")]
    public async Task A_name_expires_and_the_open_file_stays(params string[] arguments)
    {
        await using var server = await FuseServer.Start(arguments);
        using var reader = Child.Start("tail", "-f", $"{server.Mount}/small");
        (await Child.Shell($"ls {server.Mount}/ > /dev/null; cat {server.Mount}/small")).Succeeded();
        await server.Do("remove small");
        (await server.Do("expire-entry small")).ShouldBe("True");
        (await server.Do("invalidate-inode page")).ShouldBeOneOf("True", "False");
        (await Child.Shell($"cat {server.Mount}/small")).ExitCode.ShouldBe(1);
        reader.HasExited.ShouldBeFalse();
    }

    [Fact]
    public async Task Changed_content_shows_when_the_node_is_invalidated()
    {
        await using var server = await FuseServer.Start();
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("hello");
        await server.Do("set small other");
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("hello");
        (await server.Do("invalidate-inode small")).ShouldBe("True");
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("other");
    }

    // RESOLVE_CACHED of openat2(2): what cannot be resolved without locks and questions fails with EAGAIN.
    private const string WalkWithoutLocks = """
        import ctypes, errno, os, struct, sys
        how = struct.pack("QQQ", 0x200000, 0, 0x20)
        libc = ctypes.CDLL(None, use_errno=True)
        os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
        for path in sys.argv[2:]:
            os.stat(path)
            if libc.syscall(437, -100, path.encode(), how, len(how)) < 0: sys.exit(f"{path}: {errno.errorcode[ctypes.get_errno()]}")
        """;

    [Theory]
    [InlineData("0")]
    [InlineData("65534")]
    public async Task A_mount_without_ACLs_is_walked_without_locks_whoever_walks(string user)
    {
        await using var server = await FuseServer.Start("--no-xattrs", "--allow-other");
        (await Child.Shell($"chmod 711 {server.Directory}")).Succeeded();
        string[] paths = [server.Mount, $"{server.Mount}/small", $"{server.Mount}/large/file-00001", $"{server.Mount}/large/file-00002"];
        using var walk = Child.Python(WalkWithoutLocks, [user, .. paths]);
        (await walk.Result()).Succeeded();
        (await server.Count("xattr")).ShouldBeLessThanOrEqualTo(1);
    }

    [Fact]
    public async Task A_file_on_disk_is_read_by_the_kernel_alone_where_passthrough_is_permitted()
    {
        var backing = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(backing, "from the disk\n");
            await using var server = await FuseServer.Start("--passthrough", "--backing", backing);
            var isAgreed = (Convert.ToUInt64(server.Greeting.Split(' ')[2], 16) & (ulong)FuseInitFlags.Passthrough) != 0;
            (await Child.Shell($"cat {server.Mount}/backed; cat {server.Mount}/backed; cat {server.Mount}/small")).Succeeded().ShouldBe("from the disk\nfrom the disk\nhello");
            (await server.Count("open")).ShouldBe(3);
            if (isAgreed) (await server.Count("read")).ShouldBe(1);
        }
        finally
        {
            File.Delete(backing);
        }
    }
}
