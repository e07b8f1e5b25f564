using System.Diagnostics;

namespace SwarmFS.Mount.Tests;

/// <summary>Content that is slow, or gone, behind a real mount.</summary>
public sealed class RemoteContentTests : IDisposable
{
    private readonly MountedHost _host = MountedHost.Start();
    private readonly string _near;
    private readonly string _far;

    public RemoteContentTests()
    {
        _host.Run("mkdir -p $S/near $S/far/dir; echo near > $S/near/file; head -c 5000000 /dev/urandom > $S/far/big; echo far > $S/far/dir/file");
        _near = _host.Do($"add near 1.0 {_host.Scratch}/near");
        _far = _host.Do($"add far 1.0 {_host.Scratch}/far");
        _host.Do($"remote {_far}");
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Slow_content_arrives_whole_and_widens_the_window()
    {
        _host.Do("latency 50");
        _host.Do($"remote-tree {_far}");
        _host.Run("cmp $S/far/big $M/pkgs/far/1.0/big; diff -r $S/far $M/pkgs/far/1.0");
        _host.Count("swarmfs.mount.remote_reads").ShouldBeGreaterThan(0);
        _host.Count("swarmfs.mount.trees_awaited").ShouldBeInRange(1, 4);
        // How wide depends on what the mount can use.
        int.Parse(_host.Run("cat /sys/class/bdi/$(mountpoint -d $M)/read_ahead_kb")).ShouldBeInRange(2048, 16384);
    }

    [Fact]
    public void The_window_is_small_while_everything_is_here()
    {
        _host.Run("cat $M/pkgs/near/1.0/file");
        _host.Run("cat /sys/class/bdi/$(mountpoint -d $M)/read_ahead_kb").ShouldBe("1024");
    }

    [Fact]
    public void A_killed_reader_is_gone_at_once_though_its_content_never_comes()
    {
        _host.Do("deadline 600000");
        _host.Do($"dead {_far}");
        using var reader = _host.Begin("echo reading; exec cat $M/pkgs/far/1.0/big");
        reader.StandardOutput.ReadLine();
        _host.Eventually($"grep -q fuse /proc/{reader.Id}/wchan || grep -q request_wait /proc/{reader.Id}/wchan || grep -q folio /proc/{reader.Id}/wchan || grep -q '^State:.[DS]' /proc/{reader.Id}/status");
        while (_host.Count("swarmfs.mount.remote_reads") == 0)
        {
        }
        var killed = Stopwatch.GetTimestamp();
        reader.Kill();
        reader.WaitForExit(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        Stopwatch.GetElapsedTime(killed).TotalMilliseconds.ShouldBeLessThan(500);
        _host.Run("cat $M/pkgs/near/1.0/file").ShouldBe("near");
    }

    [Fact]
    public void Many_readers_of_a_dead_package_wait_no_longer_than_one()
    {
        _host.Run("mkdir $S/many; for i in $(seq 120); do echo $i > $S/many/f$i; done");
        var many = _host.Do($"add many 1.0 {_host.Scratch}/many");
        _host.Do($"remote {many}");
        _host.Do("deadline 4000");
        _host.Run("ls $M/pkgs/many/1.0 > /dev/null");
        _host.Do($"dead {many}");
        var started = Stopwatch.GetTimestamp();

        _host.Run("for i in $(seq 120); do { cat $M/pkgs/many/1.0/f$i 2> $S/error$i & } done; wait; cat $S/error* | grep -c 'Input/output error'").ShouldBe("120");

        // One after another, 24 at a time, they would wait for five deadlines, and the kernel asks twice: forty seconds.
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_killed_lookup_is_gone_at_once_though_the_tree_never_comes()
    {
        _host.Do("deadline 600000");
        _host.Do($"dead {_far}");
        _host.Do($"remote-tree {_far}");
        using var reader = _host.Begin("echo looking; exec ls $M/pkgs/far/1.0");
        reader.StandardOutput.ReadLine();
        while (_host.Count("swarmfs.mount.trees_awaited") == 0)
        {
        }
        var killed = Stopwatch.GetTimestamp();
        reader.Kill();
        reader.WaitForExit(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        Stopwatch.GetElapsedTime(killed).TotalMilliseconds.ShouldBeLessThan(500);
    }

    [Fact]
    public void A_dead_source_is_an_input_output_error_in_time_while_what_is_here_is_served_and_heals_when_it_returns()
    {
        _host.Do("deadline 1000");
        _host.Do($"dead {_far}");
        using (var failing = _host.Begin("cat $M/pkgs/far/1.0/big"))
        {
            var started = Stopwatch.GetTimestamp();
            while (!failing.HasExited) _host.Run("cat $M/pkgs/near/1.0/file; ls -l $M/pkgs/far/1.0 > /dev/null");
            Stopwatch.GetElapsedTime(started).TotalSeconds.ShouldBeLessThan(5);
            failing.StandardError.ReadToEnd().ShouldContain("Input/output error");
        }
        _host.Do($"alive {_far}");
        _host.Run("cmp $S/far/big $M/pkgs/far/1.0/big");
        _host.Count("swarmfs.mount.failures").ShouldBeGreaterThan(0);
    }

    [Fact]
    public void An_unmount_ends_waiting_readers()
    {
        _host.Do("deadline 600000");
        _host.Do($"dead {_far}");
        using var reader = _host.Begin("echo reading; cat $M/pkgs/far/1.0/big");
        reader.StandardOutput.ReadLine();
        while (_host.Count("swarmfs.mount.remote_reads") == 0)
        {
        }
        _host.Do("unmount");
        _host.Shell("mountpoint -q $M").ExitCode.ShouldNotBe(0);
        reader.Kill();
        reader.WaitForExit(TimeSpan.FromSeconds(5)).ShouldBeTrue();
    }
}
