namespace SwarmFS.Import.Tests;

/// <summary>An archive key made by GnuPG in a home of its own.</summary>
internal sealed class SigningKey : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("import-gpg-").FullName;

    public SigningKey(string name)
    {
        File.SetUnixFileMode(_home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Gpg([], "--quick-gen-key", $"{name} <{name}@example.org>", "ed25519", "sign", "never");
        var listing = System.Text.Encoding.ASCII.GetString(Gpg([], "--with-colons", "--list-keys"));
        Fingerprint = listing.Split('\n').First(line => line.StartsWith("fpr:", StringComparison.Ordinal)).Split(':')[9];
        Armored = Gpg([], "--armor", "--export");
        Bare = Gpg([], "--export");
    }

    public string Fingerprint { get; }

    public byte[] Armored { get; }

    public byte[] Bare { get; }

    public byte[] ClearSign(byte[] text, string digest = "SHA256") => Gpg(text, "--digest-algo", digest, "--clear-sign");

    /// <summary>One text with two signatures: this key's and the other's, which it learns.</summary>
    public byte[] ClearSignTogether(SigningKey other, byte[] text)
    {
        Gpg(other.Gpg([], "--export-secret-keys"), "--import");
        return Gpg(text, "--digest-algo", "SHA256", "--local-user", Fingerprint, "--local-user", other.Fingerprint, "--clear-sign");
    }

    public void Revoke()
    {
        var certificate = File.ReadAllText(Path.Join(_home, "openpgp-revocs.d", Fingerprint + ".rev")).Replace(":-----BEGIN", "-----BEGIN", StringComparison.Ordinal);
        Gpg(System.Text.Encoding.ASCII.GetBytes(certificate), "--import");
    }

    public byte[] Export() => Gpg([], "--export");

    private byte[] Gpg(byte[] input, params string[] arguments) => Tool.Filter(
        "gpg", ["--homedir", _home, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", "--allow-weak-digest-algos", .. arguments], input);

    public void Dispose()
    {
        Tool.ExitCode("gpgconf", "--homedir", _home, "--kill", "all");
        Directory.Delete(_home, recursive: true);
    }
}
