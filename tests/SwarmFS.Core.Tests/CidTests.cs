using SwarmFS.Core;

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
}
