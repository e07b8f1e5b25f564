using System.Globalization;

namespace SwarmFS.Mount.Tests;

/// <summary>A suite of Debian behind a real mount: 63,440 names, of which nobody has unpacked any.</summary>
public sealed class ManyNamesTests : IDisposable
{
    private const int Names = 63_440;

    private readonly MountedHost _host = MountedHost.Start("--timeout=60");

    public ManyNamesTests() => _host.Do($"unresolved {Names} name");

    public void Dispose() => _host.Dispose();

    private long Memory => long.Parse(_host.Do("memory"), CultureInfo.InvariantCulture);

    [Fact]
    public void All_are_listed_in_order_with_neither_lookups_nor_memory_for_each()
    {
        var before = Memory;
        _host.Run("ls -U $M/pkgs > $S/names; sort -c $S/names; wc -l < $S/names").ShouldBe($"{Names}");
        _host.Count("swarmfs.fuse.requests.Lookup").ShouldBeLessThan(5);
        (Memory - before).ShouldBeLessThan(500_000);
    }

    [Fact]
    public void Attributes_of_all_leave_a_few_bytes_for_each_and_make_nothing()
    {
        var before = Memory;
        _host.Run("ls -l $M/pkgs | wc -l").ShouldBe($"{Names + 1}");
        _host.Count("swarmfs.fuse.requests.Lookup").ShouldBeLessThan(Names / 10, "who looks each up while he lists gets the attributes along");
        _host.Run("printf '%s\\n' $M/pkgs/name0*/* | wc -l").ShouldBe($"{2 * Names}");
        (Memory - before).ShouldBeLessThan(4_000_000);
        _host.Do("resolve-calls").ShouldBe("0");
    }

    [Fact]
    public void A_sync_that_changes_all_reaches_those_that_the_kernel_holds_at_once()
    {
        var root = MakeTree();
        _host.Run("ls $M/pkgs/name000007 $M/pkgs/name063439 > /dev/null; readlink $M/pkgs/name063439/latest").ShouldBe("1.0");
        _host.Shell("stat $M/pkgs/fresh000003").ExitCode.ShouldBe(1);
        _host.Do($"names {Names} {root}");
        _host.Do($"unresolved {Names} fresh");
        _host.Do($"publish name063439 2.0 {root}");
        _host.Eventually("test -d $M/pkgs/fresh000003 && test $(readlink $M/pkgs/name063439/latest) = 2.0 && test $(cat $M/pkgs/name063439/2.0/file) = 1 && test $(ls $M/pkgs | wc -l) = 126880", milliseconds: 10_000);
    }

    [Fact]
    public void A_number_that_was_given_long_ago_is_understood()
    {
        _host.Do($"resolve {MakeTree()}");
        using var worker = _host.Begin("cd $M/pkgs/name000001/1.0; echo in; until test -e $S/go; do sleep 0.02; done; cat file; readlink ../latest");
        worker.StandardOutput.ReadLine().ShouldBe("in");
        _host.Run("printf '%s\\n' $M/pkgs/name0*/* | wc -l; touch $S/go");
        worker.StandardOutput.ReadToEnd().ShouldBe("1\n1.0\n", worker.StandardError.ReadToEnd());
    }

    private string MakeTree()
    {
        _host.Run("mkdir $S/source; echo 1 > $S/source/file");
        return _host.Do($"tree {_host.Scratch}/source");
    }
}
