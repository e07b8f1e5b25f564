namespace SwarmFS.Mount.Tests;

/// <summary>Earlier states of the catalogue behind a real mount.</summary>
public sealed class PastTests : IDisposable
{
    private readonly MountedHost _host = MountedHost.Start();
    private readonly string _one;
    private readonly string _two;

    public PastTests()
    {
        _host.Run("mkdir -p $S/one/dir $S/two/dir; echo 1 > $S/one/dir/file; echo 2 > $S/two/dir/file");
        _one = _host.Do($"add first 0.1 {_host.Scratch}/one");
        _two = _host.Do($"add first 0.2 {_host.Scratch}/two");
        _host.Do($"publish-at 2026-01-10T12:00:00Z app 1.0 {_one}");
        _host.Do($"publish-at 2026-01-12T08:00:00Z app 2.0 {_two}");
        _host.Do($"publish-at 2026-01-12T18:00:00Z later 1.0 {_one}");
        _host.Do("catalogue-latency 20");
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Every_day_on_which_something_changed_is_listed_and_shows_what_was_so()
    {
        _host.Run("ls $M/at").ShouldBe("2026-01-10\n2026-01-12");
        _host.Run("ls $M/at/2026-01-10").ShouldBe("pkgs");
        _host.Run("ls $M/at/2026-01-10/pkgs; ls $M/at/2026-01-10/pkgs/app; readlink $M/at/2026-01-10/pkgs/app/latest; cat $M/at/2026-01-10/pkgs/app/latest/dir/file")
            .ShouldBe("app\nfirst\n1.0\nlatest\n1.0\n1");
        _host.Run("ls $M/at/2026-01-12/pkgs; readlink $M/at/2026-01-12/pkgs/app/latest; cat $M/at/2026-01-12/pkgs/app/latest/dir/file").ShouldBe("app\nfirst\nlater\n2.0\n2");
        _host.Run("diff -r $S/one $M/at/2026-01-12/pkgs/app/1.0");
    }

    [Fact]
    public void Days_and_instants_between_need_not_be_listed()
    {
        _host.Run("cat $M/at/2026-01-11/pkgs/app/latest/dir/file").ShouldBe("1");
        _host.Run("ls $M/at/2026-01-12T09:00:00Z/pkgs; cat $M/at/2026-01-12T09:00:00Z/pkgs/app/latest/dir/file").ShouldBe("app\nfirst\n2");
        _host.Run("cat $M/at/2026-01-12T07:59:59Z/pkgs/app/latest/dir/file").ShouldBe("1");
    }

    [Theory]
    [InlineData("2026-01-09")]
    [InlineData("2026-01-10T11:59:59Z")]
    [InlineData("2099-01-01")]
    [InlineData("2026-1-10")]
    [InlineData("yesterday")]
    public void What_is_no_moment_of_the_catalogue_does_not_exist(string moment) => _host.Shell($"ls $M/at/{moment}").Error.ShouldContain("No such file");

    [Fact]
    public void Nothing_is_asked_twice_below_a_day_that_is_over()
    {
        const string look = "cd $M/at/2026-01-10/pkgs; ls -l app > /dev/null; readlink app/latest; cat app/1.0/dir/file; stat missing app/9 2> /dev/null; find . -maxdepth 3 > /dev/null";
        _host.Shell(look).Output.ShouldBe("1.0\n1\n");
        var listings = _host.Count("swarmfs.fuse.requests.Readdirplus");
        _host.Shell(look);
        var lookups = _host.Count("swarmfs.fuse.requests.Lookup");
        _host.Run("sleep 1.2");
        _host.Shell(look).Output.ShouldBe("1.0\n1\n");
        (_host.Count("swarmfs.fuse.requests.Lookup") - lookups).ShouldBe(0);
        _host.Count("swarmfs.fuse.requests.Readdirplus").ShouldBeLessThan(2 * listings, "of the pages of a listing the kernel may give up some by itself");
        _host.Do("past-calls").ShouldBe("1");
    }

    [Fact]
    public void More_moments_than_are_kept_are_asked_for_again_and_mean_the_same()
    {
        using var worker = _host.Begin("cd $M/at/2026-01-10T12:00:01Z/pkgs/app; echo in; until test -e $S/go; do sleep 0.02; done; /bin/pwd -P; ls -U 1.0/dir; ls -U ../first; readlink latest");
        worker.StandardOutput.ReadLine().ShouldBe("in");
        _host.Run("for i in $(seq 10 40); do cat $M/at/2026-01-10T12:00:${i}Z/pkgs/app/latest/dir/file; done | sort -u").ShouldBe("1");
        _host.Do("past-calls").ShouldBe("32");
        _host.Run("touch $S/go");
        worker.StandardOutput.ReadToEnd().ShouldBe($"{_host.MountPoint}/at/2026-01-10T12:00:01Z/pkgs/app\nfile\nlatest\n0.1\n0.2\n1.0\n", worker.StandardError.ReadToEnd());
        int.Parse(_host.Do("past-calls")).ShouldBeGreaterThan(32);
    }

    [Fact]
    public void One_tree_on_several_days_is_as_many_directories_that_share_their_files()
    {
        _host.Run("""
            cd $M/at/2026-01-10/pkgs/app/1.0/dir; ls $M/at/2026-01-12/pkgs/app/1.0/dir $M/pkgs/app/1.0/dir > /dev/null; test $(/bin/pwd -P) = $M/at/2026-01-10/pkgs/app/1.0/dir
            test $(stat -c %i $M/at/2026-01-10/pkgs/app/1.0/dir $M/at/2026-01-12/pkgs/app/1.0/dir $M/at/2026-01-11/pkgs/app/1.0/dir $M/pkgs/app/1.0/dir | sort -u | wc -l) = 4
            test $(stat -c %i $M/at/2026-01-10/pkgs/app/1.0/dir/file $M/at/2026-01-12/pkgs/app/1.0/dir/file $M/pkgs/app/1.0/dir/file | sort -u | wc -l) = 1
            """);
    }

    [Fact]
    public void Listings_and_stat_agree_and_dot_dot_is_right_below_moments()
    {
        _host.Do("publish-at 2026-01-20T00:00:00Z lazy 1.0 unknown");
        _host.Do($"resolve {_one}");
        _host.Run("""
            for d in $M/at/2026-01-20/pkgs/lazy/1.0/dir $M/at/2026-01-20/pkgs/lazy/1.0 $M/at/2026-01-20/pkgs/app/1.0/dir $M/at/2026-01-20/pkgs/app/1.0 $M/at/2026-01-20/pkgs/app $M/at/2026-01-20/pkgs $M/at/2026-01-20 $M/at; do
                ls -d $d/. > /dev/null
                set -- $(ls -aif $d | awk '$2=="." || $2==".." {print $1}' | sort -n) $( (stat -c %i $d; stat -c %i $d/..) | sort -n)
                test "$1 $2" = "$3 $4" || { echo "$d: $@"; exit 1; }
                ls -iU $d | while read i n; do test $i = $(stat -c %i $d/$n) || { echo $d/$n; exit 1; }; done
            done
            """);
        _host.Do("resolve-calls").ShouldBe("1");
    }

    [Fact]
    public void The_day_that_is_not_over_follows_what_happens()
    {
        var today = DateTimeOffset.UtcNow;
        _host.Do($"publish-at {today.AddSeconds(-10):yyyy-MM-ddTHH:mm:ssZ} today 1.0 {_one}");
        _host.Run($"cat $M/at/{today:yyyy-MM-dd}/pkgs/today/latest/dir/file").ShouldBe("1");
        _host.Shell($"stat $M/at/{today:yyyy-MM-dd}/pkgs/news").ExitCode.ShouldBe(1);
        _host.Do($"publish-at {today.AddSeconds(-5):yyyy-MM-ddTHH:mm:ssZ} news 1.0 {_two}");
        _host.Do($"publish-at {today.AddSeconds(-5):yyyy-MM-ddTHH:mm:ssZ} today 2.0 {_two}");
        _host.Eventually($"test $(cat $M/at/{today:yyyy-MM-dd}/pkgs/today/latest/dir/file) = 2 && ls $M/at/{today:yyyy-MM-dd}/pkgs | grep -q news", milliseconds: 10_000);
        _host.Run("ls $M/at | tail -1").ShouldBe("2026-01-12", "only days that are over are listed");
    }

    [Fact]
    public void The_first_day_can_be_looked_at_before_it_is_over()
    {
        using var host = MountedHost.Start();
        host.Run("mkdir -p $S/tree; echo 1 > $S/tree/file");
        var began = DateTimeOffset.UtcNow.AddSeconds(-10);
        host.Do($"publish-at {began:yyyy-MM-ddTHH:mm:ssZ} app 1.0 {host.Do($"add first 0.1 {host.Scratch}/tree")}");
        host.Run("ls $M/at").ShouldBe("");
        host.Run($"cat $M/at/{began:yyyy-MM-ddTHH:mm:ssZ}/pkgs/app/1.0/file $M/at/{began:yyyy-MM-dd}/pkgs/app/1.0/file").ShouldBe("1\n1");
        host.Shell($"ls $M/at/{began.AddSeconds(-1):yyyy-MM-ddTHH:mm:ssZ}").Error.ShouldContain("No such file");
    }

    [Fact]
    public void A_moment_that_cannot_be_had_is_an_error_and_heals()
    {
        _host.Do("cut-off yes");
        _host.Shell("ls $M/at/2026-01-10/pkgs").Error.ShouldContain("Input/output error");
        _host.Do("cut-off no");
        _host.Run("ls $M/at/2026-01-10/pkgs").ShouldBe("app\nfirst");
    }
}
