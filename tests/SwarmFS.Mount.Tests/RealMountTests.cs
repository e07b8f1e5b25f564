namespace SwarmFS.Mount.Tests;

/// <summary>One prepared tree behind a real mount; nobody changes it. Made by the first test that asks, which is then the one to be skipped where mounting is impossible.</summary>
public sealed class SampleMount : IDisposable
{
    private readonly Lazy<(MountedHost Host, string Root)> _prepared = new(Prepare);

    private static (MountedHost Host, string Root) Prepare()
    {
        var host = MountedHost.Start("--special");
        host.Run(SampleTree.Everything);
        return (host, host.Do($"add sample 1.0 {host.Scratch}/source"));
    }

    internal MountedHost Host => _prepared.Value.Host;

    public string Root => _prepared.Value.Root;

    public void Dispose()
    {
        if (_prepared.IsValueCreated) Host.Dispose();
    }
}

/// <summary>The tree as the system's own programs see it.</summary>
public sealed class RealMountTests(SampleMount mount) : IClassFixture<SampleMount>
{
    private readonly MountedHost _host = mount.Host;
    private readonly string _root = mount.Root;

    [Fact]
    public void A_tree_is_byte_for_byte_and_attribute_for_attribute_its_source()
    {
        _host.Run("diff -r --no-dereference $S/source $M/pkgs/sample/1.0");
        _host.Run($"cd $S/source; {SampleTree.Manifest} > $S/expected; cd $M/pkgs/sample/1.0; {SampleTree.Manifest} > $S/seen; diff $S/expected $S/seen");
        _host.Count("swarmfs.mount.failures").ShouldBe(0);
    }

    [Fact]
    public void A_copy_by_cp_a_equals_the_source_with_its_links_and_extended_attributes()
    {
        _host.Run("cp -a $M/pkgs/sample/1.0/. $S/copy; diff -r --no-dereference $S/source $S/copy");
        _host.Run($"cd $S/source; {SampleTree.Manifest} > $S/expected; cd $S/copy; {SampleTree.Manifest} > $S/seen; diff $S/expected $S/seen");
        _host.Run("cd $S/source; getfattr -R -h -d -m - . > $S/x1; cd $S/copy; getfattr -R -h -d -m - . > $S/x2; diff $S/x1 $S/x2; test -s $S/x1");
    }

    [Fact]
    public void One_file_of_sixteen_asks_for_large_reads() =>
        _host.Run("cd $M/pkgs/sample/1.0/many; stat -c %o * | sort -n | uniq -c | awk '{print $2, int($1 / 10)}'; cd ..; find . ! -type f -exec stat -c %o {} + | sort -u")
            .ShouldBe("4096 281\n524288 17\n1048576 1\n4096");

    [Fact]
    public void Cp_maps_no_new_buffer_for_every_file() =>
        _host.Python($$"""
            import resource, subprocess
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
            subprocess.run(['cp', '-a', '{{_host.MountPoint}}/pkgs/sample/1.0/many', '{{_host.Scratch}}/many'], check=True)
            faults = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before
            assert faults < 3000 / 4, faults
            """);

    [Fact]
    public void What_a_listing_says_of_inode_and_type_is_what_stat_says()
    {
        _host.Python($$"""
            import os, stat
            seen = 0
            def walk(top):
                global seen
                for e in os.scandir(top):
                    s = os.lstat(e.path)
                    assert e.inode() == s.st_ino, (e.path, e.inode(), s.st_ino)
                    assert e.is_symlink() == stat.S_ISLNK(s.st_mode) and e.is_dir(follow_symlinks=False) == stat.S_ISDIR(s.st_mode), e.path
                    assert s.st_ino < 2**63
                    seen += 1
                    if e.is_dir(follow_symlinks=False): walk(e.path)
            walk('{{_host.MountPoint}}/pkgs')
            assert seen > 3000, seen
            """);
    }

    [Fact]
    public void Dot_and_dot_dot_are_what_they_say() =>
        _host.Run("""
            for d in $M/pkgs/sample/1.0/dir/deep $M/pkgs/sample/1.0/dir $M/pkgs/sample/1.0 $M/pkgs/sample $M/pkgs; do
                ls -d $d/. > /dev/null
                set -- $(ls -aif $d | awk '$2=="." || $2==".." {print $1}' | sort -n) $( (stat -c %i $d; stat -c %i $d/..) | sort -n)
                test "$1 $2" = "$3 $4" || { echo "$d: $@"; exit 1; }
            done
            """);

    [Fact]
    public void Hard_links_are_one_inode_and_du_counts_it_once()
    {
        _host.Run("cd $M/pkgs/sample/1.0; test $(stat -c %i:%h dir/p2) = $(stat -c %i:%h dir/hard); test $(stat -c %i dir/p2) = $(stat -c %i 'with space/hard too'); test $(stat -c %h dir/p2) = 3");
        _host.Run("test $(du -s --apparent-size -B1 $S/source/dir/deep/deeper | cut -f1) = $(du -s --apparent-size -B1 $M/pkgs/sample/1.0/dir/deep/deeper | cut -f1)");
        _host.Run("test $(du -s $S/source/dir/deep | cut -f1) = $(du -s $M/pkgs/sample/1.0/dir/deep | cut -f1)");
    }

    [Fact]
    public void The_cid_is_answered_as_an_attribute_and_not_listed()
    {
        _host.Run("getfattr --only-values -n user.swarmfs.cid $M/pkgs/sample/1.0").ShouldBe(_root);
        _host.Run("getfattr --only-values -n user.swarmfs.cid $M/cid/" + _root).ShouldBe(_root);
        _host.Run("getfattr --only-values -n user.swarmfs.cid $M/pkgs/sample/1.0/dir/one").ShouldStartWith("bafkrei");
        _host.Run("getfattr --only-values -n user.swarmfs.cid $M/pkgs/sample/1.0/dir/deep/deeper/large").ShouldStartWith("b");
        _host.Run("getfattr -d -m - $M/pkgs/sample/1.0/dir/one | grep -c swarmfs || true").ShouldBe("0");
        _host.Run("getfattr --only-values -n user.note $M/pkgs/sample/1.0/dir/one").ShouldBe("a value");
        _host.Run("getcap $M/pkgs/sample/1.0/dir/p3").ShouldContain("cap_net_raw=ep");
        _host.Shell("getfattr -n security.selinux $M/pkgs/sample/1.0/dir/one").ExitCode.ShouldBe(1);
        _host.Shell("setfattr -n user.x -v y $M/pkgs/sample/1.0/dir/one").Error.ShouldContain("Read-only");
        _host.Python($$"""
            import os, ctypes, errno
            libc = ctypes.CDLL(None, use_errno=True)
            path = b'{{_host.MountPoint}}/pkgs/sample/1.0/dir/one'
            assert libc.getxattr(path, b'user.note', None, 0) == 7
            assert libc.getxattr(path, b'user.note', ctypes.create_string_buffer(6), 6) == -1 and ctypes.get_errno() == errno.ERANGE
            assert libc.listxattr(path, None, 0) == 10, libc.listxattr(path, None, 0)
            assert libc.listxattr(path, ctypes.create_string_buffer(9), 9) == -1 and ctypes.get_errno() == errno.ERANGE
            """);
    }

    [Fact]
    public void Programs_run_and_files_map()
    {
        _host.Run("$M/pkgs/sample/1.0/dir/run && cmp $M/pkgs/sample/latest/dir/run /bin/true");
        _host.Python($$"""
            import mmap, os
            a = open('{{_host.Scratch}}/source/dir/deep/deeper/large', 'rb').read()
            f = open('{{_host.MountPoint}}/pkgs/sample/1.0/dir/deep/deeper/large', 'rb')
            m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
            assert m[:] == a
            assert os.pread(f.fileno(), 100, len(a)) == b'' and os.pread(f.fileno(), 100, len(a) - 1) == a[-1:]
            assert os.lseek(f.fileno(), 5, os.SEEK_DATA) == 5 and os.lseek(f.fileno(), 5, os.SEEK_HOLE) == len(a)
            try: os.lseek(f.fileno(), len(a), os.SEEK_DATA); assert False
            except OSError as e: assert e.errno == 6
            d = os.open(f.name, os.O_RDONLY | os.O_DIRECT)
            buffer = mmap.mmap(-1, 1 << 20)
            assert os.preadv(d, [buffer], 4096) == 1 << 20 and buffer[:] == a[4096:4096 + (1 << 20)]
            """);
    }

    [Fact]
    public void The_kernel_checks_permissions_and_nothing_can_be_written()
    {
        _host.Shell("setpriv --reuid 9999 --regid 9999 --clear-groups cat $M/pkgs/sample/1.0/dir/one").Error.ShouldContain("Permission denied");
        _host.Shell("touch $M/pkgs/new; rm -f $M/pkgs/sample/1.0/dir/one; chmod 700 $M/pkgs/sample/1.0/dir").Error.Split("Read-only").Length.ShouldBe(4);
    }

    [Fact]
    public void What_programs_do_with_files_that_they_only_read_works() =>
        _host.Python($$"""
            import os, fcntl, errno
            path = '{{_host.MountPoint}}/pkgs/sample/1.0/dir/deep/medium'
            expected = open('{{_host.Scratch}}/source/dir/deep/medium', 'rb').read()
            fd = os.open(path, os.O_RDONLY)
            os.fsync(fd)
            fcntl.flock(fd, fcntl.LOCK_EX); fcntl.flock(fd, fcntl.LOCK_UN)
            fcntl.lockf(fd, fcntl.LOCK_SH); fcntl.lockf(fd, fcntl.LOCK_UN)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_WILLNEED)
            copy = os.open('{{_host.Scratch}}/copied', os.O_RDWR | os.O_CREAT, 0o600)
            try: os.copy_file_range(fd, copy, 4096, 0); assert False
            except OSError as e: assert e.errno == errno.EXDEV, e
            done = 0
            while done < len(expected): done += os.sendfile(copy, fd, done, len(expected) - done)
            assert os.pread(copy, len(expected) + 1, 0) == expected
            assert os.access(path, os.R_OK) and not os.access(path, os.W_OK) and not os.access(path, os.X_OK)
            for flags in (os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
                try: os.open(path, flags); assert False
                except OSError as e: assert e.errno == errno.EROFS, e
            try: os.open(path + '/below', os.O_RDONLY); assert False
            except OSError as e: assert e.errno == errno.ENOTDIR
            try: os.stat(os.path.dirname(path) + '/' + 'n' * 256); assert False
            except OSError as e: assert e.errno == errno.ENAMETOOLONG
            """);

    [Fact]
    public void A_position_in_a_directory_stays_good() =>
        _host.Python($$"""
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            class Dirent(ctypes.Structure):
                _fields_ = [('ino', ctypes.c_uint64), ('off', ctypes.c_int64), ('len', ctypes.c_uint16), ('type', ctypes.c_uint8), ('name', ctypes.c_char * 256)]
            libc.opendir.restype = ctypes.c_void_p
            libc.readdir.restype = ctypes.POINTER(Dirent)
            libc.readdir.argtypes = libc.telldir.argtypes = libc.rewinddir.argtypes = [ctypes.c_void_p]
            libc.telldir.restype = ctypes.c_long
            libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]
            def rest(d, limit=None):
                names = []
                while limit is None or len(names) < limit:
                    e = libc.readdir(d)
                    if not e: break
                    names.append(e.contents.name)
                return names
            for path in ('pkgs/sample/1.0/many', 'pkgs/sample/1.0', 'pkgs/sample', 'pkgs', '.status', ''):
                d = libc.opendir(('{{_host.MountPoint}}/' + path).encode())
                everything = rest(d)
                assert len(everything) == len(set(everything)) and everything[:2] == [b'.', b'..'], path
                for cut in (0, 1, 2, 3, len(everything) // 2, len(everything) - 1):
                    libc.rewinddir(d)
                    head = rest(d, cut)
                    position = libc.telldir(d)
                    first = rest(d)
                    libc.seekdir(d, position)
                    assert rest(d) == first and head + first == everything, (path, cut)
            """);

    [Fact]
    public void Sixteen_readers_and_a_parallel_walk_agree_with_the_source()
    {
        _host.Run("cd $S/source; find . -type f -print0 | xargs -0 sha256sum > $S/sums; cd $M/pkgs/sample/1.0; split -n l/16 $S/sums $S/part.; ls $S/part.* | xargs -P16 -I{} sha256sum -c --quiet {}");
        _host.Run("cd $M/pkgs/sample/1.0; find . -type f -print0 | xargs -0 -P16 -n50 cat | wc -c").ShouldBe(_host.Run("cd $S/source; find . -type f -print0 | xargs -0 cat | wc -c"));
    }

    [Fact]
    public void The_top_shows_its_parts_and_the_size_of_the_cache()
    {
        _host.Run("ls -A $M").ShouldBe(".status\nat\ncid\npkgs");
        _host.Run("stat -f -c '%b %f %l' $M").ShouldBe("2621440 2359296 255");
        _host.Run("ls -A $M/cid").ShouldBe("");
        _host.Run("diff -r --no-dereference $S/source $M/cid/" + _root);
        _host.Shell("ls $M/cid/nonsense").Error.ShouldContain("No such file");
        _host.Shell("ls $M/nothing").Error.ShouldContain("No such file");
    }

    [Fact]
    public void One_root_in_two_places_is_two_directories_that_share_their_files()
    {
        _host.Do($"publish other 2.0 {_root}");
        _host.Run("cd $M/pkgs/sample/1.0/dir; ls $M/pkgs/other/2.0/dir > /dev/null; ls $M/cid/" + _root + "/dir > /dev/null; test $(pwd -P) = $M/pkgs/sample/1.0/dir; /bin/pwd -P");
        _host.Run("test $(stat -c %i $M/pkgs/other/2.0/dir) != $(stat -c %i $M/pkgs/sample/1.0/dir)");
        _host.Run("test $(stat -c %i $M/pkgs/other/2.0/dir/one) = $(stat -c %i $M/pkgs/sample/1.0/dir/one)");
    }

    [Fact]
    public void Status_files_are_whole_and_fresh()
    {
        _host.Run("cat $M/.status/health.json").ShouldBe("{\"ok\":true}");
        _host.Run("test $(stat -c %s $M/.status/health.json) = $(wc -c < $M/.status/health.json)");
        _host.Run("for i in $(seq 20); do exec 3< $M/.status/ticks; s=$(stat -L -c %s /proc/self/fd/3); test $s = $(wc -c <&3) || exit 1; done");
        _host.Run("ls -l $M/.status | tail -n +2 | wc -l").ShouldBe("2");
        _host.Eventually("a=$(cat $M/.status/ticks); sleep 0.15; test $a != $(cat $M/.status/ticks)");
        _host.Shell("cat $M/.status/nothing").Error.ShouldContain("No such file");
    }
}
