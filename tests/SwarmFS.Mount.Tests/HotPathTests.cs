namespace SwarmFS.Mount.Tests;

/// <summary>Speed that does not depend on the machine: what the kernel knows it does not ask for again.</summary>
public sealed class HotPathTests
{
    private const string Walk = "cd $M/pkgs/sample/1.0; find . -printf '%s %T@ %m\\n' > /dev/null; find . -type f -print0 | xargs -0 cat > /dev/null; find . -type l -print0 | xargs -0 readlink > /dev/null; stat nothing > /dev/null 2>&1";

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
        host.Count("swarmfs.fuse.requests.Readlink").ShouldBe(600);
        host.Count("swarmfs.fuse.requests.Read").ShouldBeLessThan(660, "the kernel drops a few pages a second by itself");
        host.Count("swarmfs.fuse.requests.Lookup").ShouldBe(lookups);
        host.Count("swarmfs.fuse.requests.Readdirplus").ShouldBe(listings);
        host.Count("swarmfs.fuse.requests.Getattr").ShouldBe(attributes);
        host.Count("swarmfs.fuse.requests.Open").ShouldBeLessThanOrEqualTo(1);
        host.Count("swarmfs.fuse.requests.Opendir").ShouldBeLessThanOrEqualTo(1);
    }
}
