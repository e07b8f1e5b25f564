using System.Globalization;
using System.Runtime.InteropServices;
using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed partial class FileJournalTests : IDisposable
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
            journal.Append([0], durable: false);
            journal.Append(new byte[IJournal.MaxRecordLength], durable: false);
        }
        ReadBack().ShouldBe(["010203", "00", new string('0', 2 * IJournal.MaxRecordLength)]);
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

    [Theory]
    [InlineData(0, "a length")]
    [InlineData(2, "a length that reaches beyond the end")]
    [InlineData(5, "a checksum")]
    [InlineData(500, "a byte of the record")]
    public void A_damaged_record_before_sound_ones_is_named_and_costs_none_of_them(int at, string what)
    {
        using (var journal = FileJournal.Open(_path))
        {
            for (var i = 0; i < 100; i++) journal.Append(Content.Bytes(1000, i), durable: false);
        }
        var bytes = File.ReadAllBytes(_path);
        bytes[2 * 1008 + at] ^= 1;
        File.WriteAllBytes(_path, bytes);
        for (var round = 0; round < 2; round++)
        {
            var refusal = Should.Throw<JournalDamagedException>(() => FileJournal.Open(_path), what);
            refusal.Offset.ShouldBe(2 * 1008);
            refusal.Message.ShouldContain(_path);
            File.ReadAllBytes(_path).ShouldBe(bytes);
        }
        using (var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Write)) RandomAccess.SetLength(file, 2 * 1008);
        ReadBack().Count.ShouldBe(2, "what the message says can be done");
    }

    [Fact]
    public void A_sound_record_is_found_however_far_behind_the_damage_it_is()
    {
        using (var journal = FileJournal.Open(_path))
        {
            for (var i = 0; i < 40; i++) journal.Append(Content.Bytes(IJournal.MaxRecordLength, i), durable: false);
        }
        var bytes = File.ReadAllBytes(_path);
        bytes.AsSpan(3, bytes.Length - 3 - IJournal.MaxRecordLength - 8).Fill(0xff);
        File.WriteAllBytes(_path, bytes);
        Should.Throw<JournalDamagedException>(() => FileJournal.Open(_path)).Offset.ShouldBe(0);
        bytes[^1] ^= 1;
        File.WriteAllBytes(_path, bytes);
        ReadBack().ShouldBeEmpty("garbage to the end is what a power cut can leave");
    }

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(4096)]
    public void Zeros_that_a_power_cut_left_at_the_end_are_no_records_and_new_ones_take_their_place(int zeros)
    {
        using (var journal = FileJournal.Open(_path)) journal.Append([1, 2, 3], durable: true);
        File.AppendAllBytes(_path, new byte[zeros]);
        ReadBack().ShouldBe(["010203"]);
        using (var journal = FileJournal.Open(_path)) journal.Append([8], durable: false);
        ReadBack().ShouldBe(["010203", "08"]);
    }

    [Fact]
    public void A_record_has_between_one_byte_and_the_most()
    {
        using (var journal = FileJournal.Open(_path))
        {
            foreach (IJournal any in new IJournal[] { journal, new MemoryJournal() })
            {
                Should.Throw<ArgumentException>(() => any.Append([], durable: false));
                Should.Throw<ArgumentException>(() => any.Append(new byte[IJournal.MaxRecordLength + 1], durable: false));
                any.ReadAll().ShouldBeEmpty();
            }
        }
        new FileInfo(_path).Length.ShouldBe(0);
    }

    [Fact]
    public void A_journal_that_could_not_be_flushed_takes_nothing_more_until_it_is_opened_again()
    {
        using (var journal = FileJournal.Open(_path))
        {
            journal.Append([1], durable: true);
            // What takes every byte and can flush none, in the file's place.
            using (var nowhere = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite))
                Duplicate((int)nowhere.DangerousGetHandle(), Descriptor()).ShouldBeGreaterThan(0);
            Should.Throw<IOException>(() => journal.Append([2], durable: true));
            Should.Throw<IOException>(() => journal.Append([3], durable: false)).Message.ShouldContain("opened again");
            Should.Throw<IOException>(() => journal.Append([4], durable: true)).Message.ShouldContain(_path);
        }
        using (var journal = FileJournal.Open(_path)) journal.Append([5], durable: true);
        ReadBack().ShouldBe(["01", "05"]);
    }

    /// <summary>That of the journal, which is open once.</summary>
    private int Descriptor() =>
        int.Parse(Path.GetFileName(Directory.EnumerateFiles("/proc/self/fd").Single(link => new FileInfo(link).LinkTarget == _path)), CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int from, int to);

    [Fact]
    public void Two_writers_are_refused()
    {
        using var journal = FileJournal.Open(_path);
        Should.Throw<IOException>(() => FileJournal.Open(_path));
    }
}
