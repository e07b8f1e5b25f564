namespace SwarmFS.Core.Tests;

public sealed class DurableTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("durable-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_is_flushed_is_in_the_file()
    {
        var path = Path.Combine(_directory, "file");
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        file.Write([1, 2, 3]);
        Durable.Flush(file);
        Durable.FlushDirectory(_directory);
        new FileInfo(path).Length.ShouldBe(3);
    }

    /// <summary>The null device takes every byte and refuses to flush.</summary>
    [Fact]
    public void A_flush_that_fails_is_told()
    {
        using var file = new FileStream("/dev/null", FileMode.Open, FileAccess.Write);
        file.Write([1, 2, 3]);
        Should.Throw<IOException>(() => Durable.Flush(file)).Message.ShouldContain("/dev/null");
        Should.Throw<IOException>(() => Durable.Flush(file.SafeFileHandle, "/dev/null"));
        Should.Throw<IOException>(() => Durable.FlushDirectory(Path.Combine(_directory, "nothing"))).Message.ShouldContain("nothing");
    }
}
