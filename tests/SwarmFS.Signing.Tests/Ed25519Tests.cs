using System.Diagnostics;
using System.Security.Cryptography;

namespace SwarmFS.Signing.Tests;

public class Ed25519Tests
{
    // RFC 8032, section 7.1, tests 1 to 3.
    public static TheoryData<string, string, string, string> Rfc8032 => new()
    {
        {
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        },
        {
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        },
        {
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        },
    };

    [Theory]
    [MemberData(nameof(Rfc8032))]
    public void Keys_and_signatures_are_those_of_the_standard(string seed, string publicKey, string message, string signature)
    {
        using var key = Ed25519PrivateKey.FromSeed(Convert.FromHexString(seed));
        Convert.ToHexStringLower(key.PublicKey.Bytes).ShouldBe(publicKey);
        Convert.ToHexStringLower(key.Sign(Convert.FromHexString(message))).ShouldBe(signature);
        key.PublicKey.Verify(Convert.FromHexString(message), Convert.FromHexString(signature)).ShouldBeTrue();
    }

    [Fact]
    public void Any_changed_bit_of_message_signature_or_key_is_refused()
    {
        using var key = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
        var message = RandomNumberGenerator.GetBytes(100);
        var signature = key.Sign(message);
        for (var bit = 0; bit < 64 * 8; bit += 7) key.PublicKey.Verify(message, Flip(signature, bit)).ShouldBeFalse();
        for (var bit = 0; bit < 100 * 8; bit += 13) key.PublicKey.Verify(Flip(message, bit), signature).ShouldBeFalse();
        for (var bit = 0; bit < 32 * 8; bit += 5) new Ed25519PublicKey(Flip(key.PublicKey.Bytes.ToArray(), bit)).Verify(message, signature).ShouldBeFalse();
        key.PublicKey.Verify(message, signature.AsSpan(0, 63)).ShouldBeFalse();
    }

    private static byte[] Flip(byte[] bytes, int bit)
    {
        var changed = (byte[])bytes.Clone();
        changed[bit / 8] ^= (byte)(1 << (bit % 8));
        return changed;
    }

    [Fact]
    public void OpenSSLs_own_program_accepts_our_signature()
    {
        var directory = Directory.CreateTempSubdirectory("swarmfs-signing-");
        try
        {
            using var key = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
            var message = RandomNumberGenerator.GetBytes(1000);
            // SubjectPublicKeyInfo of Ed25519 (RFC 8410): a fixed 12-byte prefix and the key.
            var spki = Convert.FromHexString("302a300506032b6570032100").Concat(key.PublicKey.Bytes.ToArray()).ToArray();
            File.WriteAllBytes(Path.Join(directory.FullName, "key.der"), spki);
            File.WriteAllBytes(Path.Join(directory.FullName, "message"), message);
            File.WriteAllBytes(Path.Join(directory.FullName, "signature"), key.Sign(message));
            using var verify = Process.Start(new ProcessStartInfo("openssl", "pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in message -sigfile signature")
            {
                WorkingDirectory = directory.FullName,
                RedirectStandardOutput = true,
            })!;
            verify.StandardOutput.ReadToEnd().ShouldContain("Signature Verified Successfully");
            verify.WaitForExit();
            verify.ExitCode.ShouldBe(0);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_key_file_is_made_once_kept_private_and_refused_when_others_may_read_it()
    {
        var directory = Directory.CreateTempSubdirectory("swarmfs-signing-");
        try
        {
            var path = Path.Join(directory.FullName, "importer.key");
            using var first = Ed25519PrivateKey.LoadOrCreate(path);
            using var second = Ed25519PrivateKey.LoadOrCreate(path);
            second.PublicKey.ShouldBe(first.PublicKey);
            File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
            Should.Throw<CryptographicException>(() => Ed25519PrivateKey.LoadOrCreate(path)).Message.ShouldContain("chmod 600");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllBytes(path, new byte[31]);
            Should.Throw<CryptographicException>(() => Ed25519PrivateKey.LoadOrCreate(path)).Message.ShouldContain("31 bytes");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("A A=")]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=")]
    public void Only_the_canonical_text_of_a_key_is_read(string text) => Ed25519PublicKey.TryParse(text, out _).ShouldBeFalse();
}
