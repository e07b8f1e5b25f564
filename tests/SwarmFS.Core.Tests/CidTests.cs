using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Core.Tests;

public class CidTests
{
    // The CID of the empty raw block and of "hello world", as other implementations of CIDv1 print them.
    [Theory]
    [InlineData("", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")]
    [InlineData("hello world", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e")]
    public void The_text_form_is_the_one_that_other_tools_print(string content, string expected)
    {
        var cid = Cid.Of(CidCodec.Raw, System.Text.Encoding.UTF8.GetBytes(content));
        cid.ToString().ShouldBe(expected);
        Cid.Parse(expected).ShouldBe(cid);
    }

    [Theory]
    [InlineData("01551220" + "00", "34 bytes")]
    [InlineData("0155162000", "hash function 0x16")]
    [InlineData("0170122000", "codec 0x70")]
    [InlineData("00551220", "version 0")]
    [InlineData("12", "at least 4")]
    [InlineData("", "at least 4")]
    public void What_is_not_supported_is_refused_by_name(string hex, string because)
    {
        Cid.TryRead(Convert.FromHexString(hex), out _, out var error).ShouldBeFalse();
        error!.ShouldContain(because);
    }

    [Fact]
    public void A_text_has_one_spelling()
    {
        const string Text = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
        Cid.TryParse(Text.ToUpperInvariant(), out _, out _).ShouldBeFalse();
        Cid.TryParse(Text + "=", out _, out _).ShouldBeFalse();
        Cid.TryParse(Text + "a", out _, out _).ShouldBeFalse();
        Cid.TryParse(Text.AsSpan()[..^1], out _, out _).ShouldBeFalse();
        Cid.TryParse($"{Text.AsSpan()[..^1]}f", out _, out var stray).ShouldBeFalse();
        stray!.ShouldContain("stray");
        Should.Throw<FormatException>(() => Cid.Parse("Qm")).Message.ShouldContain("'Qm'");
    }

    [Fact]
    public void Any_CID_comes_back_from_both_forms_and_orders_as_its_digest()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<(byte[], bool)>(), value =>
        {
            var cid = Cid.Of(value.Item2 ? CidCodec.Raw : CidCodec.MessagePack, value.Item1);
            var bytes = new byte[Cid.MaxBinaryLength];
            var length = cid.WriteTo(bytes);
            return Cid.TryRead(bytes.AsSpan(0, length), out var binary, out _) && binary == cid && Cid.Parse(cid.ToString()) == cid
                && Sha256Digest.TryParseHex(cid.Digest.ToString().ToUpperInvariant(), out var digest) && digest == cid.Digest;
        }).QuickCheckThrowOnFailure();
    }
}
