using System.Text;
using SwarmFS.Signing;

namespace SwarmFS.Transparency.Tests;

public class NoteTests
{
    // The example of C2SP signed-note.
    private const string ExampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    private const string ExampleNote = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    private static SignedNote Read(string note) => SignedNote.TryRead(Encoding.UTF8.GetBytes(note), out var read, out var error) ? read : throw new InvalidOperationException(error);

    private static string Refusal(string note) => SignedNote.TryRead(Encoding.UTF8.GetBytes(note), out _, out var error) ? "accepted" : error;

    [Fact]
    public void The_example_of_the_specification_verifies_and_a_changed_text_does_not()
    {
        VerifierKey.TryParse(ExampleKey, out var key).ShouldBeTrue();
        key.ToString().ShouldBe(ExampleKey);
        var note = Read(ExampleNote);
        note.Text.ShouldBe("This is an example message.\n");
        note.Verify(key).ShouldBe(NoteVerdict.Valid);
        note.ToBytes().ShouldBe(Encoding.UTF8.GetBytes(ExampleNote));
        Read(ExampleNote.Replace("example message", "exampel message")).Verify(key).ShouldBe(NoteVerdict.Invalid);
    }

    [Fact]
    public void A_signature_of_another_name_or_id_is_not_the_keys()
    {
        VerifierKey.TryParse(ExampleKey, out var key).ShouldBeTrue();
        var note = Read(ExampleNote);
        note.Verify(VerifierKey.OfLog("example.com/bar", key.Key)).ShouldBe(NoteVerdict.Absent);
        note.Verify(VerifierKey.OfWitness("example.com/foo", key.Key)).ShouldBe(NoteVerdict.Absent);
    }

    [Fact]
    public void One_bad_signature_among_good_ones_of_the_same_key_spoils_the_note()
    {
        VerifierKey.TryParse(ExampleKey, out var key).ShouldBeTrue();
        var line = ExampleNote[(ExampleNote.LastIndexOf("\n\n", StringComparison.Ordinal) + 2)..];
        var bytes = Convert.FromBase64String(line.TrimEnd().Split(' ')[2]);
        bytes[40] ^= 1;
        Read($"{ExampleNote}— example.com/foo {Convert.ToBase64String(bytes)}\n").Verify(key).ShouldBe(NoteVerdict.Invalid);
        Read($"{ExampleNote}— example.com/foo {Convert.ToBase64String(bytes.AsSpan(0, 60))}\n").Verify(key).ShouldBe(NoteVerdict.Invalid);
        Read(ExampleNote + line).Verify(key).ShouldBe(NoteVerdict.Valid);
    }

    [Theory]
    [InlineData("", "line feed")]
    [InlineData("text\n", "empty line")]
    [InlineData("text\n\n", "not signed")]
    [InlineData("text\n\n— a AAAAAAE=", "line feed")]
    [InlineData("text\n— a AAAAAAE=\n", "empty line")]
    [InlineData("text\n\n- a AAAAAAE=\n", "signature")]
    [InlineData("text\n\n—  AAAAAAE=\n", "signature")]
    [InlineData("text\n\n— a+b AAAAAAE=\n", "signature")]
    [InlineData("text\n\n— a\u00a0b AAAAAAE=\n", "signature")]
    [InlineData("text\n\n— a AAAAAA==\n", "signature")]
    [InlineData("text\n\n— a AAAAAAE= \n", "signature")]
    [InlineData("text\n\n— a AAAAAAF=\n", "signature")]
    [InlineData("text\n\n— a AAA AAE=\n", "signature")]
    [InlineData("text\n\n— a AAAAAAE\n", "signature")]
    [InlineData("text\n\n— a AAAAAAE=\r\n", "control")]
    [InlineData("te\txt\n\n— a AAAAAAE=\n", "control")]
    [InlineData("te\0xt\n\n— a AAAAAAE=\n", "control")]
    [InlineData("text\n\n\u200d— a AAAAAAE=\n", "signature")]
    public void A_note_that_is_not_quite_one_is_refused(string note, string reason) => Refusal(note).ShouldContain(reason);

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        byte[] note = [.. "te"u8, 0xc3, 0x28, .. "\n\n— a AAAAAAE=\n"u8];
        SignedNote.TryRead(note, out _, out var error).ShouldBeFalse();
        error.ShouldBe("not UTF-8");
        byte[] overlong = [.. "te"u8, 0xc0, 0xaf, .. "\n\n— a AAAAAAE=\n"u8];
        SignedNote.TryRead(overlong, out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void The_last_empty_line_parts_text_and_signatures()
    {
        Read("one\n\ntwo\n\n— a AAAAAAE=\n").Text.ShouldBe("one\n\ntwo\n");
        Read("one\n\n\n— a AAAAAAE=\n").Text.ShouldBe("one\n\n");
    }

    [Fact]
    public void A_note_has_at_most_64_signatures_and_64_KiB()
    {
        var line = "— a AAAAAAE=\n";
        Read("text\n\n" + string.Concat(Enumerable.Repeat(line, 64))).Signatures.Count.ShouldBe(64);
        Refusal("text\n\n" + string.Concat(Enumerable.Repeat(line, 65))).ShouldContain("64 signatures");
        Refusal(new string('x', 64 << 10) + "\n\n" + line).ShouldContain("65536 bytes");
        var note = Read("text\n\n" + string.Concat(Enumerable.Range(0, 64).Select(i => $"— a{i} AAAAAAE=\n")));
        Should.Throw<ArgumentException>(() => note.With(new NoteSignature("b", 1, new byte[] { 1 })));
        note.With(new NoteSignature("a7", 0, new byte[] { 9 })).Signatures.Count.ShouldBe(64);
    }

    [Fact]
    public void What_a_signer_signs_its_key_verifies_after_the_way_through_bytes()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var signer = new NoteSigner("example.com/log", key);
        var note = Read(Encoding.UTF8.GetString(signer.Sign("öne\n\n— two\n").ToBytes()));
        note.Text.ShouldBe("öne\n\n— two\n");
        note.Verify(signer.VerifierKey).ShouldBe(NoteVerdict.Valid);
        VerifierKey.TryParse(signer.VerifierKey.ToString(), out var again).ShouldBeTrue();
        again.ShouldBe(signer.VerifierKey);
    }

    [Theory]
    [InlineData("no line feed")]
    [InlineData("")]
    [InlineData("carriage\r\n")]
    [InlineData("cosignature/v1\ntime 1\n")]
    public void A_signer_refuses_what_cannot_be_a_text_or_could_pass_for_a_cosignature(string text)
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        Should.Throw<ArgumentException>(() => new NoteSigner("example.com/log", key).Sign(text));
    }

    [Fact]
    public void A_lone_surrogate_is_neither_signed_nor_a_name()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var surrogate = (char)0xd800;
        Should.Throw<ArgumentException>(() => new NoteSigner("example.com/log", key).Sign($"text {surrogate}\n"));
        Should.Throw<ArgumentException>(() => new NoteSigner($"example.com/{surrogate}", key));
    }

    [Theory]
    [InlineData("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l")]
    [InlineData("example.com/foo+530d903a+ AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2")]
    [InlineData("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U==")]
    [InlineData("example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("exa mple.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/foo+530d903a+")]
    [InlineData("example.com/foo")]
    [InlineData("")]
    public void A_verifier_key_has_one_spelling_and_the_id_of_its_key(string vkey) => VerifierKey.TryParse(vkey, out _).ShouldBeFalse();
}
