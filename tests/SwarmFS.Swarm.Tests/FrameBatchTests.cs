using System.Text;
using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>Frames that are gathered keep their order, and each block its own hash.</summary>
public sealed class FrameBatchTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Frames_are_acted_on_in_the_order_they_came(bool gathers)
    {
        var batch = new FrameBatch(gathers);
        var acted = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            foreach (var text in new[] { "a", "b", "!ping", "c", "!end", "d" })
            {
                batch.Add(Frame(text));
                if (batch.IsFull) Act(batch, acted).ShouldBeNull();
            }
            Act(batch, acted).ShouldBeNull();
        }
        string.Concat(acted).ShouldBe("ab!pingc!endd" + "ab!pingc!endd" + "ab!pingc!endd");
    }

    [Fact]
    public void Behind_the_first_offence_nothing_is_acted_on()
    {
        var batch = new FrameBatch(gathers: true);
        var acted = new List<string>();
        foreach (var text in new[] { "a", "lie", "b", "!ping" }) batch.Add(Frame(text));
        Act(batch, acted).ShouldBe("a lie");
        string.Concat(acted).ShouldBe("alie");
        Act(batch, acted).ShouldBeNull();
        string.Concat(acted).ShouldBe("alie", "what was behind is gone");
    }

    [Fact]
    public void A_batch_is_full_by_number_and_by_bytes()
    {
        var many = new FrameBatch(gathers: true);
        var count = 0;
        for (; !many.IsFull; count++) many.Add(Frame("x"));
        count.ShouldBe(BlockHasher.MostAtOnce);
        var large = new FrameBatch(gathers: true);
        for (count = 0; !large.IsFull; count++) large.Add(Frame(new string('x', 300_000)));
        count.ShouldBe((FrameBatch.MaxBytes + 299_999) / 300_000);
        var alone = new FrameBatch(gathers: false);
        alone.IsFull.ShouldBeFalse();
        alone.Add(Frame("x"));
        alone.IsFull.ShouldBeTrue();
    }

    private static string? Act(FrameBatch batch, List<string> acted) => batch.Act(
        (frame, hashed) =>
        {
            var text = Encoding.ASCII.GetString(frame.Body.Span);
            hashed.Bytes.ShouldBe(frame.Body);
            hashed.Digest.ShouldBe(Sha256Digest.Of(frame.Body.Span));
            frame.Body.Return();
            acted.Add(text);
            return text == "lie" ? "a lie" : null;
        },
        frame =>
        {
            acted.Add(Encoding.ASCII.GetString(frame.Body.Span));
            frame.Body.Return();
            return null;
        });

    /// <summary>A block of this text, or with a mark of exclamation something else.</summary>
    private static Frame Frame(string text)
    {
        var body = RentedBytes.Rent(text.Length);
        Encoding.ASCII.GetBytes(text, body.Array);
        return new Frame(new FrameHeader(text[0] == '!' ? FrameKind.Ping : FrameKind.Block, 1, text.Length), default, body);
    }
}
