namespace SwarmFS.Retrieval.Tests;

public sealed class SequenceDetectorTests
{
    private readonly SequenceDetector _detector = new(slots: 4, tolerance: 8, leap: 8, hits: 3, sparsest: 4, firstWindow: 100);

    [Fact]
    public void An_expected_reader_takes_nobodys_place_who_goes_forward()
    {
        for (var reader = 0; reader < 4; reader++)
            for (var read = 0; read < 3; read++) _detector.Note(0, (1000 * reader) + read, 1);
        var before = _detector.Readers.ToArray().Select(reader => reader.Id).ToList();

        _detector.Expect(0, 9000);

        _detector.Readers.ToArray().Select(reader => reader.Id).ShouldBe(before);
    }

    [Fact]
    public void Of_those_who_do_not_go_forward_yet_the_one_not_seen_for_longest_gives_way()
    {
        for (var reader = 0; reader < 4; reader++)
            for (var read = 0; read < (reader < 2 ? 1 : 3); read++) _detector.Note(0, (1000 * reader) + read, 1);
        _detector.Note(0, 1, 1);

        _detector.Expect(0, 9000);

        _detector.Readers.ToArray().Select(reader => reader.Position).ShouldBe([2, 9000, 2003, 3003], ignoreOrder: true);
        _detector.Note(0, 9000, 1).ShouldBeTrue("the one read that was expected");
    }

    [Fact]
    public void Of_several_expected_places_the_last_one_counts()
    {
        _detector.Expect(0, 1000);
        _detector.Expect(0, 2000);

        _detector.Note(0, 1000, 1).ShouldBeFalse();
        _detector.Note(0, 2000, 1).ShouldBeTrue();
    }
}
