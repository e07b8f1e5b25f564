using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class PinFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pins-").FullName;
    private readonly Dictionary<Cid, string> _pins = new() { [Content.Raw(1, 1).Cid] = "user", [Content.Raw(1, 2).Cid] = "a wish: äöü" };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private PinFile Pins => new(_directory);

    private string FilePath => Path.Combine(_directory, PinFile.Name);

    [Fact]
    public void What_was_saved_is_loaded_and_nothing_else_is_left_in_the_directory()
    {
        Pins.Load().ShouldBeEmpty();
        File.WriteAllText(FilePath + ".new", "left over from a crash");
        Pins.Save(_pins);
        Pins.Load().ShouldBe(_pins, ignoreOrder: true);
        Directory.GetFiles(_directory).ShouldBe([FilePath]);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("SwarmFS pins 2\n", 1)]
    [InlineData("\0\0\0\0", 1)]
    [InlineData("SwarmFS pins 1\n\0\0\0\0", 2)]
    [InlineData("SwarmFS pins 1\nbafkrei user\n", 2)]
    public void A_file_of_something_else_is_refused_with_its_name_its_line_and_what_to_do(string content, int line)
    {
        File.WriteAllText(FilePath, content);
        var refusal = Should.Throw<StoreUnusableException>(Pins.Load).Message;
        refusal.ShouldContain($"'{FilePath}' cannot be read at line {line}");
        refusal.ShouldContain("move the file away to start without pins");
        File.ReadAllText(FilePath).ShouldBe(content);
    }

    [Fact]
    public void A_file_that_ends_within_a_CID_is_refused()
    {
        Pins.Save(_pins);
        File.WriteAllText(FilePath, File.ReadAllText(FilePath)[..40]);
        Should.Throw<StoreUnusableException>(Pins.Load).Message.ShouldContain("at line 2");
    }

    /// <summary>A loop of symbolic links cannot be opened, as with the last descriptor gone; a read of the other fails as that of a bad sector does.</summary>
    [Theory]
    [InlineData("pins")]
    [InlineData("/proc/self/mem")]
    public void A_file_that_is_there_and_cannot_be_read_is_refused_with_its_name_and_what_to_do(string target)
    {
        File.CreateSymbolicLink(FilePath, target);
        var refusal = Should.Throw<StoreUnusableException>(Pins.Load).Message;
        refusal.ShouldContain($"'{FilePath}' cannot be read");
        refusal.ShouldContain("move it away to start without pins");
    }

    /// <summary>A directory in the file's place cannot be replaced, as little as a file that is immutable.</summary>
    [Fact]
    public void Pins_that_cannot_be_saved_are_refused_with_the_name_of_the_file_and_nothing_is_left_beside_it()
    {
        Directory.CreateDirectory(FilePath);
        Should.Throw<IOException>(() => Pins.Save(_pins)).Message.ShouldContain($"'{FilePath}'");
        Directory.GetFileSystemEntries(_directory).ShouldBe([FilePath]);
    }
}
