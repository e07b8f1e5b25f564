namespace SwarmFS.Mount.Tests;

public sealed class MountOptionTests
{
    [Fact]
    public void Special_bits_are_masked_unless_asked_for()
    {
        using var host = MountedHost.Start();
        host.Run("mkdir -p $S/source/tmp; cp /bin/true $S/source/su; chmod 6755 $S/source/su; chmod 1777 $S/source/tmp");
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Run("stat -c %a $M/pkgs/sample/1.0/su $M/pkgs/sample/1.0/tmp").ShouldBe("755\n777");
    }

    [Fact]
    public void Without_xattrs_the_kernel_asks_once_and_never_again()
    {
        using var host = MountedHost.Start("--no-xattrs");
        host.Run("mkdir -p $S/source; for i in $(seq 100); do echo $i > $S/source/$i; done; setfattr -n user.note -v v $S/source/1");
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Shell("getfattr -n user.note $M/pkgs/sample/1.0/1").Error.ShouldContain("not supported");
        host.Run("ls -l $M/pkgs/sample/1.0 | wc -l; cp -a $M/pkgs/sample/1.0 $S/copy; diff -r $S/source $S/copy");
        host.Count("swarmfs.fuse.requests.Getxattr").ShouldBe(1);
        host.Count("swarmfs.fuse.requests.Listxattr").ShouldBe(1);
    }

    [Fact]
    public void Passthrough_gives_the_right_bytes_of_large_and_small_files_and_of_both_at_once()
    {
        using var host = MountedHost.Start("--passthrough");
        host.Run(SampleTree.Everything);
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Run("diff -r --no-dereference $S/source $M/pkgs/sample/1.0");
        var reads = host.Count("swarmfs.mount.reads");
        host.Run("cmp $S/source/dir/deep/deeper/large $M/pkgs/sample/1.0/dir/deep/deeper/large");
        host.Count("swarmfs.mount.reads").ShouldBe(reads, "the kernel reads a large file itself");
        host.Run("exec 3< $M/pkgs/sample/1.0/dir/deep/deeper/large; cmp $S/source/dir/deep/deeper/large $M/pkgs/sample/1.0/dir/deep/deeper/large; cmp - $S/source/dir/deep/deeper/large <&3");
        host.Run("cat $M/.status/health.json").ShouldBe("{\"ok\":true}");
        host.Count("swarmfs.mount.failures").ShouldBe(0);
    }

    [Fact]
    public void A_file_that_is_open_stays_in_its_mode_when_passthrough_becomes_possible()
    {
        using var host = MountedHost.Start("--passthrough");
        host.Run("mkdir $S/source; head -c 1000000 /dev/urandom > $S/source/file");
        var root = host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Do($"remote {root}");
        using var reader = host.Begin("exec 3< $M/pkgs/sample/1.0/file; echo open; read; cmp - $S/source/file <&3 && cmp $M/pkgs/sample/1.0/file $S/source/file && echo same");
        reader.StandardOutput.ReadLine().ShouldBe("open");
        host.Run("cmp $M/pkgs/sample/1.0/file $S/source/file");
    }

    [Fact]
    public void Looking_at_thousands_of_packages_leaves_memory_bounded_and_lets_their_blocks_go()
    {
        using var host = MountedHost.Start("--tree-memory=1000000", "--no-push");
        host.Do("trees 3000");
        host.Eventually("test $(ls $M/pkgs | wc -l) = 3000");
        host.Run("find $M/pkgs/tree0000* $M/pkgs/tree0001* > /dev/null");
        host.Do("forget-trees");
        var before = long.Parse(host.Do("memory"));
        host.Run("find $M/pkgs | wc -l").ShouldBe((1 + 3000 * (3 + 3 + 20)).ToString());
        host.Do("forget-trees");
        var after = long.Parse(host.Do("memory"));
        (after - before).ShouldBeLessThan(5_000_000);
        host.Count("swarmfs.mount.tree_bytes").ShouldBeInRange(1, 1_000_000);
        host.Do("in-use").ShouldBe(host.Count("swarmfs.mount.packages").ToString());
        host.Run("cat $M/pkgs/tree002999/1.0/usr/share/doc/f7").ShouldBe("2999");
        host.Run("cat $M/pkgs/tree000000/1.0/usr/share/doc/f7").ShouldBe("0");
    }

    [Fact]
    public void A_package_that_is_idle_is_no_longer_kept_from_eviction()
    {
        using var host = MountedHost.Start("--grace=0.2");
        host.Run("mkdir $S/source; echo 1 > $S/source/file");
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Run("ls $M/pkgs/sample/1.0/");
        while (host.Do("in-use") != "0")
        {
        }
        host.Run("cat $M/pkgs/sample/1.0/file; stat $M/pkgs/sample/1.0/nothing || true");
    }
}
