using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Daemon.State;

namespace SwarmFS.Daemon.Tests;

public sealed class MountGuardTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("daemon-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Point => Path.Combine(_directory, "mnt");

    [Fact]
    public void A_directory_made_for_the_mount_goes_with_it_so_that_nobody_takes_it_for_an_empty_tree()
    {
        var guard = MountGuard.Prepare(Point, madeBefore: false, NullLogger.Instance);
        Directory.Exists(Point).ShouldBeTrue();
        guard.Leave();
        Directory.Exists(Point).ShouldBeFalse();
    }

    [Fact]
    public void Directories_made_above_the_mount_let_everybody_through()
    {
        var mask = Interop.SetUmask(0b000_111_111);
        try
        {
            MountGuard.Prepare(Path.Combine(_directory, "a/b/mnt"), madeBefore: false, NullLogger.Instance);
        }
        finally
        {
            Interop.SetUmask(mask);
        }
        foreach (var made in (string[])["a", "a/b", "a/b/mnt"]) File.GetUnixFileMode(Path.Combine(_directory, made)).ShouldBe((UnixFileMode)0x1ed, made);
    }

    [Fact]
    public async Task A_mount_point_on_a_read_only_system_does_without_its_note()
    {
        NodeProcess.SkipUnlessMountable();
        Directory.CreateDirectory(Point);
        var made = await NodeProcess.ShellAsync($"mount --bind {_directory} {_directory} && mount -o remount,bind,ro {_directory}");
        try
        {
            made.ExitCode.ShouldBe(0, made.Error);
            MountGuard.Prepare(Point, madeBefore: false, NullLogger.Instance).Leave();
            Directory.EnumerateFileSystemEntries(Point).ShouldBeEmpty();
        }
        finally
        {
            await NodeProcess.ShellAsync($"umount {_directory}");
        }
    }

    [Fact]
    public void A_directory_that_was_there_says_that_nothing_is_mounted_and_can_be_used_again()
    {
        Directory.CreateDirectory(Point);
        MountGuard.Prepare(Point, madeBefore: false, NullLogger.Instance).Leave();
        File.ReadAllText(Path.Combine(Point, "NOT-MOUNTED")).ShouldContain("swarmfs up");
        MountGuard.Prepare(Point, madeBefore: false, NullLogger.Instance).Leave();
        Directory.Exists(Point).ShouldBeTrue();
    }

    [Fact]
    public void A_directory_with_content_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(Point);
        File.WriteAllText(Path.Combine(Point, "precious"), "x");
        Should.Throw<NodeStartException>(() => MountGuard.Prepare(Point, madeBefore: false, NullLogger.Instance)).Message.ShouldContain("precious");
        Directory.GetFileSystemEntries(Point).Length.ShouldBe(1);
    }

    [Fact]
    public void A_file_and_a_foreign_mount_point_are_refused()
    {
        File.WriteAllText(Point, "");
        Should.Throw<NodeStartException>(() => MountGuard.Prepare(Point, madeBefore: false, NullLogger.Instance)).Message.ShouldContain("is a file");
        Should.Throw<NodeStartException>(() => MountGuard.Prepare("/proc", madeBefore: false, NullLogger.Instance)).Message.ShouldContain("already a mount point");
    }
}
