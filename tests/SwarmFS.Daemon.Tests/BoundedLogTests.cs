using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Daemon.State;

namespace SwarmFS.Daemon.Tests;

public sealed class BoundedLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("bounded-log-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>The device takes no byte, as little as a disk that is full.</summary>
    [Fact]
    public void Where_there_is_no_space_for_the_older_part_it_is_given_up_and_the_log_is_emptied_all_the_same()
    {
        var log = Path.Combine(_directory, "daemon.log");
        using (var file = File.Create(log)) file.SetLength(BoundedLog.MaxBytes + 1);
        File.CreateSymbolicLink(log + ".1", "/dev/full");
        using var bounded = new BoundedLog(log, TimeProvider.System, NullLogger.Instance);

        bounded.Check();

        new FileInfo(log).Length.ShouldBe(0);
        Directory.GetFileSystemEntries(_directory).ShouldBe([log]);
    }
}
