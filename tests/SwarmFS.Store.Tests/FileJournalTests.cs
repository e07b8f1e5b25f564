using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class FileJournalTests : IDisposable
{
    private readonly string _path = Path.Join(Directory.CreateTempSubdirectory("swarmfs-journal-").FullName, "journal");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    private List<string> ReadBack()
    {
        using var journal = FileJournal.Open(_path);
        return [.. journal.ReadAll().Select(record => Convert.ToHexString(record.Span))];
    }

    [Fact]
    public void Records_are_read_back_in_order()
    {
        using (var journal = FileJournal.Open(_path))
        {
            journal.Append([1, 2, 3], durable: true);
            journal.Append([], durable: false);
            journal.Append(new byte[IJournal.MaxRecordLength], durable: false);
        }
        ReadBack().ShouldBe(["010203", "", new string('0', 2 * IJournal.MaxRecordLength)]);
        File.GetUnixFileMode(_path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Wherever_a_crash_tears_the_last_record_the_ones_before_stand_and_new_ones_follow_them()
    {
        using (var journal = FileJournal.Open(_path))
        {
            journal.Append([1, 2, 3], durable: false);
            journal.Append([4, 5, 6, 7], durable: false);
        }
        var whole = File.ReadAllBytes(_path);
        for (var length = 11; length < whole.Length; length++)
        {
            File.WriteAllBytes(_path, whole[..length]);
            using (var journal = FileJournal.Open(_path)) journal.Append([8], durable: false);
            ReadBack().ShouldBe(["010203", "08"], $"torn at {length}");
        }
    }

    [Fact]
    public void A_damaged_record_ends_the_journal()
    {
        using (var journal = FileJournal.Open(_path))
        {
            journal.Append([1, 2, 3], durable: false);
            journal.Append([4, 5, 6], durable: false);
        }
        var bytes = File.ReadAllBytes(_path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(_path, bytes);
        ReadBack().ShouldBe(["010203"]);
    }

    [Fact]
    public void Two_writers_are_refused()
    {
        using var journal = FileJournal.Open(_path);
        Should.Throw<IOException>(() => FileJournal.Open(_path));
    }
}
