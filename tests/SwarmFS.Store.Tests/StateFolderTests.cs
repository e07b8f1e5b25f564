using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class StateFolderTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "swarmfs-state-" + Guid.NewGuid().ToString("N"));

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_was_written_last_is_read_also_after_a_restart()
    {
        var folder = StateFolder.Open(_directory);
        folder.Read("checkpoint").ShouldBeNull();
        folder.Replace("checkpoint", "a long first one"u8);
        folder.Replace("checkpoint", "second"u8);
        folder.Replace("evidence/fork-1.txt", "fork"u8);
        StateFolder.Open(_directory).Read("checkpoint").ShouldBe("second"u8.ToArray());
        StateFolder.Open(_directory).Read("evidence/fork-1.txt").ShouldBe("fork"u8.ToArray());
        File.GetUnixFileMode(Path.Combine(_directory, "checkpoint")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void What_a_crash_left_half_written_changes_nothing()
    {
        var folder = StateFolder.Open(_directory);
        folder.Replace("checkpoint", "whole"u8);
        File.WriteAllText(Path.Combine(_directory, "checkpoint.new"), "ha");
        StateFolder.Open(_directory).Read("checkpoint").ShouldBe("whole"u8.ToArray());
        folder.Replace("checkpoint", "next"u8);
        Directory.GetFiles(_directory).Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("../up")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b/c")]
    [InlineData("a.new")]
    [InlineData("a b")]
    public void A_name_that_leads_elsewhere_is_refused(string name) =>
        Should.Throw<ArgumentException>(() => StateFolder.Open(_directory).Replace(name, []));

    [Fact]
    public void A_file_that_is_too_long_is_not_read()
    {
        var folder = StateFolder.Open(_directory);
        File.WriteAllBytes(Path.Combine(_directory, "huge"), new byte[IStateFiles.MaxLength + 1]);
        Should.Throw<IOException>(() => folder.Read("huge")).Message.ShouldContain("at most");
    }
}
