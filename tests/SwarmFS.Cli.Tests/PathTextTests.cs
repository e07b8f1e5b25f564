using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Control;

namespace SwarmFS.Cli.Tests;

public sealed class PathTextTests
{
    [Fact]
    public void Any_bytes_survive_the_way_through_text() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll((byte[] bytes) => PathText.ToBytes(PathText.FromBytes(bytes)).AsSpan().SequenceEqual(bytes)));

    [Theory]
    [InlineData(new byte[] { 0x61, 0x0a, 0x62 }, @"a\x0ab")]
    [InlineData(new byte[] { 0xc3, 0xa4 }, "ä")]
    [InlineData(new byte[] { 0xc3 }, @"\xc3")]
    [InlineData(new byte[] { 0x5c, 0x78 }, @"\x5cx")]
    [InlineData(new byte[] { 0x1b, 0x5b }, @"\x1b[")]
    public void Nothing_in_a_name_reaches_the_terminal_as_a_control_character(byte[] name, string text) => PathText.FromBytes(name).ShouldBe(text);
}
