namespace SwarmFS.Mount.Tests;

/// <summary>Speed that does not depend on the machine: what the kernel knows it does not ask for again.</summary>
public sealed class HotPathTests
{
    private const string Walk = "cd $M/pkgs/sample/1.0; find . -printf '%s %T@ %m\\n' > /dev/null; find . -type f -print0 | xargs -0 cat > /dev/null; find . -type l -print0 | xargs -0 readlink > /dev/null; stat nothing > /dev/null 2>&1";

    // Entries and attributes stay while nothing presses. Pages need not: a kernel with DAMON's proactive reclaim gives up what it takes for cold
    // by sampling, a few pages a second of any file, link or listing. What was not kept at all would be asked for in every walk.
    [Fact]
    public void What_was_walked_and_read_once_is_not_asked_for_again()
    {
        using var host = MountedHost.Start("--timeout=60", "--no-push");
        host.Run("mkdir -p $S/source/{a,b,c}; for d in a b c; do for i in $(seq 200); do echo $d $i > $S/source/$d/$i; ln -s $i $S/source/$d/l$i; done; done");
        host.Do($"add sample 1.0 {host.Scratch}/source");
        host.Shell(Walk);
        host.Count("swarmfs.fuse.requests.Readlink").ShouldBe(600);
        host.Count("swarmfs.fuse.requests.Read").ShouldBe(600);
        var lookups = host.Count("swarmfs.fuse.requests.Lookup");
        lookups.ShouldBeLessThan(20, "a listing brings its entries with it");
        var listings = host.Count("swarmfs.fuse.requests.Readdirplus");
        var attributes = host.Count("swarmfs.fuse.requests.Getattr");
        host.Shell(Walk);
        host.Shell(Walk);
        host.Count("swarmfs.fuse.requests.Readlink").ShouldBeLessThan(660);
        host.Count("swarmfs.fuse.requests.Read").ShouldBeLessThan(660);
        host.Count("swarmfs.fuse.requests.Lookup").ShouldBe(lookups);
        host.Count("swarmfs.fuse.requests.Readdirplus").ShouldBeLessThan(2 * listings);
        host.Count("swarmfs.fuse.requests.Getattr").ShouldBe(attributes);
        host.Count("swarmfs.fuse.requests.Open").ShouldBeLessThanOrEqualTo(1);
        host.Count("swarmfs.fuse.requests.Opendir").ShouldBeLessThanOrEqualTo(1);
    }
}
