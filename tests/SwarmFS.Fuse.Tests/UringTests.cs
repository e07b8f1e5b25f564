namespace SwarmFS.Fuse.Tests;

/// <summary>Servers that take their requests through io_uring.</summary>
internal static class UringServer
{
    private const string Switch = "/sys/module/fuse/parameters/enable_uring";

    /// <summary>What the machine says to other servers, once no mount is being made: reading takes a lock that whoever makes one holds.</summary>
    public static string MachineSwitch
    {
        get
        {
            var value = "";
            SpinWait.SpinUntil(() => TryRead(out value), TimeSpan.FromSeconds(10)).ShouldBeTrue();
            return value;
        }
    }

    private static bool TryRead(out string value)
    {
        try
        {
            value = File.ReadAllText(Switch).Trim();
            return true;
        }
        catch (IOException)
        {
            value = "";
            return false;
        }
    }

    public static Task<FuseServer> Start(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Switch), "this kernel has no FUSE over io_uring");
        return FuseServer.Start(["--transport", "Uring", .. arguments]);
    }
}

/// <summary>What holds over the device holds over io_uring.</summary>
public sealed class UringCallerTests : CallerTests
{
    private protected override Task<FuseServer> Start(params string[] arguments) => UringServer.Start(arguments);
}

public sealed class UringEndTests : EndTests
{
    private protected override Task<FuseServer> Start(params string[] arguments) => UringServer.Start(arguments);
}

public sealed class UringAllocationTests : AllocationTests
{
    private protected override Task<FuseServer> Start(params string[] arguments) => UringServer.Start(arguments);
}

public sealed class UringConformanceTests : ConformanceTests
{
    // Kernels of the minors that some of these stand for do not offer it.
    private protected override Task<FuseServer> Start(params string[] arguments) =>
        arguments.Contains("--without") ? FuseServer.Start(["--transport", "Automatic", .. arguments]) : UringServer.Start(arguments);
}

public sealed class UringTests
{
    [Fact]
    public async Task Requests_come_over_io_uring_in_pieces_of_128_KiB()
    {
        await using var server = await UringServer.Start();
        var greeting = server.Greeting.Split(' ');
        ((FuseInitFlags)Convert.ToUInt64(greeting[2], 16)).HasFlag(FuseInitFlags.OverIoUring).ShouldBeTrue();
        greeting[3].ShouldBe("131072");
        await server.Do("reset");
        (await Child.Shell($"dd if={server.Mount}/big of=/dev/null bs=1M status=none")).Succeeded();
        (await server.Count("read")).ShouldBeGreaterThanOrEqualTo(512);
    }

    [Fact]
    public async Task The_read_ahead_is_no_wider_than_two_windows_of_it_go_without_congestion()
    {
        await using var server = await UringServer.Start();
        var device = FuseMounts.Find(server.Mount).ShouldNotBeNull().Device;
        var given = int.Parse(await server.Do("readahead 16384"));
        (await File.ReadAllTextAsync($"/sys/class/bdi/{device}/read_ahead_kb")).Trim().ShouldBe($"{given}");
        var threshold = int.Parse(await File.ReadAllTextAsync($"/sys/fs/fuse/connections/{device.Split(':')[1]}/congestion_threshold"));
        (2 * given).ShouldBeLessThanOrEqualTo(threshold * 128);
        given.ShouldBeGreaterThanOrEqualTo(2048);
        (await server.Do("readahead 512")).ShouldBe("512");
    }

    [Fact]
    public async Task The_machines_switch_is_as_it_was_once_the_mount_is_made()
    {
        var before = UringServer.MachineSwitch;
        var servers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => UringServer.Start()));
        try
        {
            UringServer.MachineSwitch.ShouldBe(before);
            foreach (var server in servers)
            {
                ((FuseInitFlags)Convert.ToUInt64(server.Greeting.Split(' ')[2], 16)).HasFlag(FuseInitFlags.OverIoUring).ShouldBeTrue();
                (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("hello");
            }
        }
        finally
        {
            foreach (var server in servers) await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task By_itself_a_recent_kernel_serves_root_through_io_uring()
    {
        Assert.SkipUnless(Environment.OSVersion.Version >= new Version(6, 18), "only from Linux 6.18 on");
        await using var server = await FuseServer.Start(["--transport", "Automatic"]);
        ((FuseInitFlags)Convert.ToUInt64(server.Greeting.Split(' ')[2], 16)).HasFlag(FuseInitFlags.OverIoUring).ShouldBeTrue();
    }

    [Fact]
    public async Task More_of_one_processor_may_wait_than_its_queue_has_room_for_and_another_is_served_meanwhile()
    {
        await using var server = await UringServer.Start();
        using var many = Child.Start("sh", "-c",
            $"for i in $(seq 150); do taskset -c 0 dd if={server.Mount}/gated bs=4096 iflag=direct skip=$i count=1 status=none & done | wc -c; echo all");
        await server.WaitForWaiting(64);
        if (Environment.ProcessorCount > 1) (await Child.Shell($"taskset -c 1 cat {server.Mount}/small")).Succeeded().ShouldStartWith("hello");
        await server.Do("open-gate");
        (await many.Result()).Succeeded().ShouldBe($"{150 * 4096}\nall");
        (await Child.Shell($"taskset -c 0 cat {server.Mount}/small")).Succeeded().ShouldStartWith("hello");
    }

    [Fact]
    public async Task A_ring_that_fails_ends_the_mount_and_leaves_nobody_waiting()
    {
        await using var server = await UringServer.Start();
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldBe("hello");
        using var parked = Child.Start("cat", $"{server.Mount}/gated2");
        await server.WaitForWaiting(1);
        (await server.Do("break-rings")).ShouldNotBe("0");
        (await Child.Shell($"stat {server.Mount}/page")).ExitCode.ShouldBe(1);
        (await server.Do("end")).ShouldBe("Aborted");
        (await parked.Result()).ExitCode.ShouldBe(1);
        (await server.Quit()).ShouldBe("DONE Aborted");
        FuseMounts.Find(server.Mount).ShouldBeNull();
    }

    [Fact]
    public async Task Where_the_kernel_does_not_offer_it_it_is_refused_by_name_or_done_without()
    {
        string[] without = ["--without", ((ulong)FuseInitFlags.OverIoUring).ToString("x")];
        await using var server = await FuseServer.Start(["--transport", "Automatic", .. without]);
        (await Child.Shell($"cat {server.Mount}/small")).Succeeded().ShouldStartWith("hello");
        var refusal = await Should.ThrowAsync<InvalidOperationException>(() => FuseServer.Start(["--transport", "Uring", .. without]));
        refusal.Message.ShouldContain("enable_uring");
    }
}
