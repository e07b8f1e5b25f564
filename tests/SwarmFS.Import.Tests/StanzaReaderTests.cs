using System.Text;

namespace SwarmFS.Import.Tests;

public class StanzaReaderTests
{
    private static List<Dictionary<string, string?>> Read(string text, params string[] fields)
    {
        var reader = new StanzaReader(new MemoryStream(Encoding.UTF8.GetBytes(text)));
        var stanzas = new List<Dictionary<string, string?>>();
        while (reader.Next(out var stanza))
        {
            var found = new Dictionary<string, string?>();
            foreach (var field in fields) found[field] = stanza.Text(field);
            stanzas.Add(found);
        }
        return stanzas;
    }

    [Fact]
    public void Fields_are_found_whatever_their_case_and_lines_go_on()
    {
        var stanzas = Read("\n\nPackage: a\nDescription: one\n two\n .\n\nPACKAGE:b\n\n\n", "Package", "Description");
        stanzas.Count.ShouldBe(2);
        stanzas[0]["Package"].ShouldBe("a");
        stanzas[0]["Description"].ShouldBe("one\n two\n .");
        stanzas[1]["Package"].ShouldBe("b");
        stanzas[1]["Description"].ShouldBeNull();
    }

    [Theory]
    [InlineData(" begins: with a blank\n", "continuation")]
    [InlineData("Package: a\nPackage: b\n", "twice")]
    [InlineData("Package: a\npackage: b\n", "twice")]
    [InlineData("no colon\n", "no field")]
    [InlineData(": empty\n", "no field")]
    [InlineData("-x: y\n", "no field")]
    [InlineData("Package: a\0b\n", "NUL")]
    [InlineData("Package: a", "cut off")]
    public void What_is_malformed_is_refused_with_its_number(string text, string reason)
    {
        var message = Should.Throw<ArchiveFormatException>(() => Read(text)).Message;
        message.ShouldContain(reason);
        message.ShouldContain("stanza 1");
    }

    [Fact]
    public void A_stanza_without_end_stops_at_its_bound()
    {
        var endless = new EndlessStream("X"u8.ToArray());
        Should.Throw<ArchiveFormatException>(() => new StanzaReader(endless).Next(out _)).Message.ShouldContain("longer than");
        endless.BytesRead.ShouldBeLessThan(3 << 20);
    }

    [Fact]
    public void Sixty_thousand_stanzas_are_read_in_the_memory_of_one()
    {
        var stanza = Encoding.ASCII.GetBytes(
            "Package: some-package\nVersion: 1.0-1\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"Field-{i}: a value of some length, as they have\n")) + "\n");
        var bytes = new MemoryStream();
        for (var i = 0; i < 60_000; i++) bytes.Write(stanza);
        bytes.Position = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reader = new StanzaReader(bytes);
        var count = 0;
        while (reader.Next(out var next))
            if (next.TryGet("Package"u8, out _)) count++;
        count.ShouldBe(60_000);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    private sealed class EndlessStream(byte[] pattern) : ForwardOnlyStream
    {
        public long BytesRead { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            buffer.Fill(pattern[0]);
            BytesRead += buffer.Length;
            return buffer.Length;
        }
    }
}
