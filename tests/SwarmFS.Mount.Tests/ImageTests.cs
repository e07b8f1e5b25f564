using SwarmFS.Testing;

namespace SwarmFS.Mount.Tests;

/// <summary>Trees as images, as the kernel's own EROFS sees them.</summary>
public sealed class ImageTests : IDisposable
{
    private readonly MountedHost _host = MountedHost.Start("--special");

    public void Dispose()
    {
        _host.Shell("mountpoint -q $S/view && umount -l $S/view");
        _host.Dispose();
    }

    private string Publish(string name) => _host.Do($"add {name} 1.0 {_host.Scratch}/source");

    private void View(string root)
    {
        Assert.SkipUnless(KernelErofs.MountsFiles, "this kernel mounts no EROFS image from a file");
        _host.Python($$"""
            import ctypes, os
            os.makedirs('{{_host.Scratch}}/view', exist_ok=True)
            libc = ctypes.CDLL(None, use_errno=True)
            read_only, nosuid, nodev = 1, 2, 4
            if libc.mount(b'{{_host.MountPoint}}/cid/{{root}}.erofs', b'{{_host.Scratch}}/view', b'erofs', read_only | nosuid | nodev, None) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            """);
    }

    [Fact]
    public void The_kernel_sees_in_an_image_what_the_tree_holds()
    {
        _host.Run(SampleTree.Everything);
        _host.Run("""
            cd $S/source; mkdir -p dots; touch dots/{'!','-',.-,..a,.a,0,...}; ln -s $(printf 'x%.0s' $(seq 4095)) long-link
            setfattr -n user.second -v more dots/0; setfattr -n user.third -v $(printf 'v%.0s' $(seq 2000)) dots/0
            """);
        View(Publish("sample"));
        _host.Run("diff -r --no-dereference $S/source $S/view");
        _host.Run($"cd $S/source; {SampleTree.Manifest} > $S/expected; cd $S/view; {SampleTree.Manifest} > $S/seen; diff $S/expected $S/seen");
        _host.Run("cd $S/source; getfattr -R -h -d -m - . > $S/x1; cd $S/view; getfattr -R -h -d -m - . > $S/x2; diff $S/x1 $S/x2; test -s $S/x1");
        _host.Run("""cd $S/view; [ $(stat -c %i dir/p2) = $(stat -c %i "with space/hard too") ]; for name in dots/*  dots/.-  dots/..a; do stat "$name" >/dev/null; done; ! stat dots/absent 2>/dev/null""");
        _host.Run("cp -a $S/view/. $S/copy; diff -r --no-dereference $S/source $S/copy");
        _host.Count("swarmfs.mount.failures").ShouldBe(0);
    }

    [Fact]
    public void What_is_far_away_comes_when_it_is_read_through_an_image()
    {
        _host.Run("mkdir -p $S/source/d; head -c 5000000 /dev/urandom > $S/source/big; for i in $(seq 500); do echo $i > $S/source/d/$i; done");
        var root = Publish("far");
        _host.Do("latency 5");
        _host.Do($"remote {root}");
        View(root);
        _host.Run("find $S/view -ls > /dev/null");
        _host.Count("swarmfs.mount.remote_reads").ShouldBe(0, "who looks at names fetches no content");
        _host.Run("diff -r $S/source $S/view");
        _host.Count("swarmfs.mount.remote_reads").ShouldBeGreaterThan(0);
    }

    [Fact]
    public void An_image_is_no_way_around_the_modes_in_it()
    {
        _host.Run("mkdir -p $S/source/d; echo public > $S/source/d/file; ln -s file $S/source/d/link");
        _host.Run($"stat -c %a $M/cid/{Publish("open")}.erofs").Trim().ShouldBe("444");
        _host.Run("echo secret > $S/source/d/kept; chmod 640 $S/source/d/kept");
        _host.Run($"stat -c %a $M/cid/{Publish("file")}.erofs").Trim().ShouldBe("400");
        _host.Run("chmod 644 $S/source/d/kept; chmod 711 $S/source/d");
        _host.Run($"stat -c %a $M/cid/{Publish("directory")}.erofs").Trim().ShouldBe("400");
    }

    [Fact]
    public void What_never_comes_is_an_error_and_what_is_no_root_no_image()
    {
        _host.Run("mkdir -p $S/source; head -c 50000 /dev/urandom > $S/source/file");
        var root = Publish("dead");
        _host.Run($"stat $M/cid/{root}.erofs");
        _host.Do("deadline 200");
        _host.Do($"remote {root}");
        _host.Do($"dead {root}");
        _host.Shell($"cat $M/cid/{root}.erofs").Error.ShouldContain("Input/output error");
        _host.Shell($"head -c 8192 $M/cid/{root}.erofs | wc -c").Trimmed.ShouldBe("8192");
        _host.Shell("stat $M/cid/.erofs").Error.ShouldContain("No such file");
        _host.Shell("stat $M/cid/nonsense.erofs").Error.ShouldContain("No such file");
        _host.Shell($"ls $M/cid/{root}.erofs/x").Error.ShouldContain("Not a directory");
        _host.Shell($"getfattr -d -m - $M/cid/{root}.erofs; echo x > $M/cid/{root}.erofs").Error.ShouldContain("Read-only");
    }
}
