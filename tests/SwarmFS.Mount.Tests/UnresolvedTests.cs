using System.Diagnostics;

namespace SwarmFS.Mount.Tests;

/// <summary>Versions that nobody has unpacked, behind a real mount: seen by everybody, made for who goes in.</summary>
public sealed class UnresolvedTests : IDisposable
{
    private readonly MountedHost _host = MountedHost.Start();
    private readonly string _root;

    public UnresolvedTests()
    {
        _host.Run("mkdir -p $S/source/usr/bin $S/source/etc; echo program > $S/source/usr/bin/program; for i in $(seq 20); do echo $i > $S/source/etc/$i; done");
        _root = _host.Do($"add known 1.0 {_host.Scratch}/source");
        _host.Do("publish lazy 1.0 unknown");
        _host.Do("publish lazy 2.0 unknown");
    }

    public void Dispose() => _host.Dispose();

    private void MakeSlowly(int milliseconds) => _host.Do($"resolve-slowly {_root} {milliseconds}");

    private int Resolved => int.Parse(_host.Do("resolve-calls"));

    [Fact]
    public void Looking_at_versions_makes_none_of_them()
    {
        MakeSlowly(0);
        _host.Run("ls $M/pkgs/lazy; ls -l $M/pkgs/lazy; ls -la --color=always $M/pkgs; stat $M/pkgs/lazy/1.0; find $M/pkgs -maxdepth 2; getfattr -d -m - $M/pkgs/lazy/2.0; du -s --max-depth=0 $M/.status; test -d $M/pkgs/lazy/latest");
        _host.Run("stat -c '%A %U %h' $M/pkgs/lazy/1.0").ShouldBe("drwxr-xr-x root 1");
        _host.Shell("getfattr -n user.swarmfs.cid $M/pkgs/lazy/1.0").ExitCode.ShouldBe(1);
        Resolved.ShouldBe(0);
    }

    [Fact]
    public void Going_in_makes_it_and_it_is_the_whole_tree()
    {
        MakeSlowly(50);
        _host.Run("ls $M/pkgs/lazy/1.0").ShouldBe("etc\nusr");
        Resolved.ShouldBe(1);
        _host.Run("cat $M/pkgs/lazy/latest/usr/bin/program").ShouldBe("program");
        Resolved.ShouldBe(2);
        _host.Run("diff -r $S/source $M/pkgs/lazy/1.0; cp -a $M/pkgs/lazy/2.0/. $S/copy; diff -r $S/source $S/copy");
        _host.Run("getfattr --only-values -n user.swarmfs.cid $M/pkgs/lazy/1.0").ShouldBe(_root);
        Resolved.ShouldBe(2);
    }

    [Fact]
    public void Attributes_and_number_stay_when_it_is_made_and_when_the_catalogue_says_so_too()
    {
        MakeSlowly(0);
        const string look = "stat -c '%i %a %h %s %Y %u:%g' $M/pkgs/lazy/1.0";
        var before = _host.Run(look);
        _host.Run("ls $M/pkgs/lazy/1.0");
        _host.Run(look).ShouldBe(before);
        _host.Do($"publish lazy 1.0 {_root}");
        _host.Run("ls $M/pkgs/lazy > /dev/null");
        _host.Run("stat -c '%i' $M/pkgs/lazy/1.0").ShouldBe(before.Split(' ')[0]);
    }

    [Fact]
    public void Who_stands_in_it_stays_where_he_is()
    {
        MakeSlowly(20);
        using var worker = _host.Begin("cd $M/pkgs/lazy/1.0; echo in; until test -e $S/go; do sleep 0.02; done; cat usr/bin/program; cd usr; /bin/pwd -P; ls ../etc | wc -l; cd ..; /bin/pwd -P; ls $M/pkgs/lazy/1.0/etc/.. ");
        worker.StandardOutput.ReadLine().ShouldBe("in");
        _host.Run("ls -l $M/pkgs/lazy/1.0/usr > /dev/null");
        _host.Do($"publish lazy 1.0 {_root}");
        _host.Run("sleep 1.1; ls -l $M/pkgs/lazy/ $M/pkgs/lazy/1.0/; touch $S/go");
        var place = $"{_host.MountPoint}/pkgs/lazy/1.0";
        worker.StandardOutput.ReadToEnd().ShouldBe($"program\n{place}/usr\n20\n{place}\netc\nusr\n", worker.StandardError.ReadToEnd());
        Resolved.ShouldBe(1);
    }

    [Fact]
    public void Dot_and_dot_dot_are_what_they_say_in_and_around_it()
    {
        MakeSlowly(0);
        _host.Run("""
            for d in $M/pkgs/lazy/1.0/usr/bin $M/pkgs/lazy/1.0/usr $M/pkgs/lazy/1.0 $M/pkgs/lazy; do
                ls -d $d/. > /dev/null
                set -- $(ls -aif $d | awk '$2=="." || $2==".." {print $1}' | sort -n) $( (stat -c %i $d; stat -c %i $d/..) | sort -n)
                test "$1 $2" = "$3 $4" || { echo "$d: $@"; exit 1; }
            done
            """);
    }

    [Fact]
    public void Many_who_go_in_at_once_cause_one_making()
    {
        MakeSlowly(300);
        _host.Run("for i in $(seq 20); do cat $M/pkgs/lazy/1.0/etc/$i & done; ls $M/pkgs/lazy/1.0 & wait");
        _host.Run("for p in usr etc nothing; do (ls $M/pkgs/lazy/2.0/$p || true) & done; wait");
        Resolved.ShouldBe(2);
    }

    [Fact]
    public void A_failure_is_an_input_output_error_with_its_reason_in_the_log_and_is_not_remembered()
    {
        _host.Shell("ls $M/pkgs/lazy/1.0").Error.ShouldContain("Input/output error");
        _host.Shell("cat $M/pkgs/lazy/1.0/etc/1").Error.ShouldContain("Input/output error");
        MakeSlowly(0);
        _host.Warnings.ShouldContain("lazy 1.0: EIO to the reader: lazy 1.0: nobody has unpacked it.");
        _host.Run("cat $M/pkgs/lazy/1.0/etc/1").ShouldBe("1");
        _host.Count("swarmfs.mount.failures").ShouldBe(2);
    }

    [Fact]
    public void A_killed_caller_is_gone_at_once_and_the_making_with_him()
    {
        MakeSlowly(600_000);
        using var reader = _host.Begin("echo looking; exec cat $M/pkgs/lazy/1.0/etc/1");
        reader.StandardOutput.ReadLine();
        while (Resolved == 0)
        {
        }
        var killed = Stopwatch.GetTimestamp();
        reader.Kill();
        reader.WaitForExit(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        Stopwatch.GetElapsedTime(killed).TotalMilliseconds.ShouldBeLessThan(500);
        while (_host.Do("resolve-abandoned") != "1")
        {
        }
        MakeSlowly(0);
        _host.Run("cat $M/pkgs/lazy/1.0/etc/1").ShouldBe("1");
        Resolved.ShouldBe(2);
    }
}
