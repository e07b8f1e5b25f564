namespace SwarmFS.Fuse.Tests;

public class MountInfoTests
{
    [Fact]
    public void A_line_is_read_with_its_escapes_and_any_number_of_tags()
    {
        var mounts = MountInfo.Parse(
        [
            @"36 35 0:39 / /mnt/with\040space rw,noatime shared:1 master:2 - fuse.swarmfs swarmfs ro,user_id=0",
            @"37 35 0:40 / /mnt/\134\303\274 rw - fuse.other src\011tab rw",
            "cut short",
            "1 2 3 4 5 6 7 8 - x",
        ]).ToList();
        mounts.ShouldBe(
        [
            new FuseMountInfo("36", "35", "/mnt/with space", "0:39", "fuse.swarmfs", "swarmfs", "ro,user_id=0"),
            new FuseMountInfo("37", "35", "/mnt/\\ü", "0:40", "fuse.other", "src\ttab", "rw"),
        ]);
        MountInfo.Minor("0:39").ShouldBe(39);
    }

    [Fact]
    public void A_path_is_resolved_through_links_to_what_may_be_missing()
    {
        var directory = Directory.CreateTempSubdirectory("fuse-resolve-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Join(directory, "real"));
            File.CreateSymbolicLink(Path.Join(directory, "relative"), "real/missing");
            File.CreateSymbolicLink(Path.Join(directory, "absolute"), Path.Join(directory, "relative"));
            File.CreateSymbolicLink(Path.Join(directory, "loop"), "loop");
            FuseMounts.Resolve(Path.Join(directory, "absolute/")).ShouldBe(Path.Join(directory, "real/missing"));
            FuseMounts.Resolve(Path.Join(directory, "no/such/place")).ShouldBe(Path.Join(directory, "no/such/place"));
            FuseMounts.Resolve(Path.Join(directory, "loop")).ShouldBe(Path.Join(directory, "loop"));
            FuseMounts.Resolve("/").ShouldBe("/");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void The_machines_own_mounts_are_read() => MountInfo.Read().ShouldContain(mount => mount.MountPoint == "/proc");

    [Fact]
    public void What_is_not_mounted_is_neither_found_nor_stale()
    {
        FuseMounts.Find("/usr/share").ShouldBeNull();
        FuseMounts.IsStale("/usr/share").ShouldBeFalse();
        FuseMounts.IsStale("/proc").ShouldBeFalse();
        FuseMounts.Detach("/usr/share").ShouldBe(Errno.EINVAL);
    }
}
