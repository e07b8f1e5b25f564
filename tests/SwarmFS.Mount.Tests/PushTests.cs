namespace SwarmFS.Mount.Tests;

public sealed class PushTests
{
    private const string Files = "mkdir -p $S/source/{a,b,c}; for d in a b c; do for i in $(seq 200); do echo needle $d $i > $S/source/$d/$i; done; done; head -c 200000 /dev/urandom > $S/source/large";

    [Fact]
    public void Once_listed_a_tree_of_small_files_is_searched_without_asking_for_it()
    {
        using var host = MountedHost.Start();
        host.Run(Files);
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Run("find $M/pkgs/sample/1.0 | wc -l").ShouldBe("605");
        host.Await("swarmfs.mount.pushed_files", 600);
        host.Run("grep -r needle $M/pkgs/sample/1.0/{a,b,c} | wc -l").ShouldBe("600");
        host.Count("swarmfs.mount.reads").ShouldBeLessThan(30, "only the few pages that the kernel has dropped again by itself");
        host.Run("diff -r $S/source $M/pkgs/sample/1.0");
        host.Count("swarmfs.mount.reads").ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_directory_is_pushed_once_and_only_where_its_bytes_are_here()
    {
        using var host = MountedHost.Start();
        host.Run(Files);
        var root = host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Do($"remote {root}");
        host.Run("ls -lR $M/pkgs/sample/1.0 > /dev/null");
        host.Run("diff -r $S/source $M/pkgs/sample/1.0");
        host.Count("swarmfs.mount.remote_reads").ShouldBeGreaterThan(0);
        host.Count("swarmfs.mount.pushed_files").ShouldBe(0);
    }

    [Fact]
    public void Larger_files_are_pushed_only_while_somebody_reads()
    {
        using var host = MountedHost.Start();
        host.Run("mkdir -p $S/source/{a,b}; for i in $(seq 20); do head -c 150000 /dev/urandom > $S/source/b/$i; done; echo small > $S/source/a/small");
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Run("ls -l $M/pkgs/sample/1.0/a > /dev/null");
        host.Await("swarmfs.mount.pushed_files", 1);
        host.Run("ls -l $M/pkgs/sample/1.0/b > /dev/null; sleep 0.3");
        host.Count("swarmfs.mount.pushed_files").ShouldBe(1, "nobody has read anything");

        host.Run("cat $M/pkgs/sample/1.0/b/1 > /dev/null");

        host.Await("swarmfs.mount.pushed_files", 15);
    }

    [Fact]
    public void Who_reads_a_file_to_its_end_gets_the_next_one()
    {
        using var host = MountedHost.Start();
        host.Run("mkdir -p $S/source; head -c 1000000 /dev/urandom > $S/source/large; echo small > $S/source/next");
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Run("stat $M/pkgs/sample/1.0/large $M/pkgs/sample/1.0/next > /dev/null");
        host.Python($$"""
            import os
            large = os.open('{{host.MountPoint}}/pkgs/sample/1.0/large', os.O_RDONLY)
            os.posix_fadvise(large, 0, 0, os.POSIX_FADV_RANDOM)
            assert len(os.pread(large, 4096, 4096)) == 4096
            """);
        host.Run("sleep 0.3");
        host.Count("swarmfs.mount.reads").ShouldBe(1);
        host.Count("swarmfs.mount.pushed_files").ShouldBe(0, "it is far from its end");

        host.Run("cat $M/pkgs/sample/1.0/large > /dev/null");

        host.Await("swarmfs.mount.pushed_files", 1);
    }

    [Fact]
    public void What_comes_with_a_file_from_afar_is_pushed_too()
    {
        using var host = MountedHost.Start();
        host.Run(Files);
        var root = host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Do($"remote {root}");
        host.Do("batch 50");
        host.Run("find $M/pkgs/sample/1.0 > /dev/null; cat $M/pkgs/sample/1.0/a/1");
        host.Await("swarmfs.mount.pushed_files", 49);
        host.Count("swarmfs.mount.reads").ShouldBe(1);
        host.Run("diff -r $S/source $M/pkgs/sample/1.0");
        host.Count("swarmfs.mount.remote_reads").ShouldBeLessThan(30);
    }

    [Theory]
    [InlineData()]
    [InlineData("--no-push")]
    public void Whoever_reads_ahead_is_told_what_was_listed_to_its_end(params string[] options)
    {
        using var host = MountedHost.Start(options);
        host.Run(Files);
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Run("cat $M/pkgs/sample/1.0/c/1 > /dev/null");
        host.Do("listed").ShouldBe("");

        host.Run("ls $M/pkgs/sample/1.0/a $M/pkgs/sample/1.0/b > /dev/null");

        host.Do("listed").ShouldBe("1 202");
    }

    [Fact]
    public void Nothing_is_pushed_when_it_is_switched_off()
    {
        using var host = MountedHost.Start("--no-push");
        host.Run(Files);
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Run("find $M/pkgs/sample/1.0 > /dev/null; diff -r $S/source $M/pkgs/sample/1.0");
        host.Count("swarmfs.mount.pushed_files").ShouldBe(0);
        host.Count("swarmfs.mount.reads").ShouldBeGreaterThanOrEqualTo(601);
    }
}
