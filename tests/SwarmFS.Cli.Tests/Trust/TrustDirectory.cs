using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Cli.Tests.Trust;

/// <summary>A directory with a person's keys and files, and the commands run in it.</summary>
internal sealed class TrustDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("trust-test-");

    public TestTerminal Terminal { get; private set; } = new();

    /// <summary>Seconds since 1970; null for the system's clock.</summary>
    public string? Now { get; set; }

    public string this[string name] => Path.Join(_directory.FullName, name);

    public static Ed25519PrivateKey KeyOf(string name) => Ed25519PrivateKey.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    public static VerifierKey Log(string name) => VerifierKey.OfLog(name, KeyOf(name).PublicKey);

    public static VerifierKey Witness(string name) => VerifierKey.OfWitness(name, KeyOf(name).PublicKey);

    public async Task<int> RunAsync(params string[] words)
    {
        Terminal = new TestTerminal();
        if (Now is not null) Terminal.Environment["SWARMFS_NOW"] = Now;
        return await Terminal.RunAsync(words);
    }

    public async Task<JsonElement> JsonAsync(int code, params string[] words)
    {
        (await RunAsync([.. words, "--json"])).ShouldBe(code, Terminal.Error);
        return JsonDocument.Parse(Terminal.Out).RootElement;
    }

    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    public string WriteKey(string name)
    {
        var path = Write($"{name}.key", SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>A policy's text whose signers are named.</summary>
    public static string Policy(long version, string[] signers, int threshold, string expires = "never", string? tail = null) =>
        $"swarmfs.policy/v1\nversion {version}\nexpires {expires}\n{string.Concat(signers.Select(name => $"root-key {Log(name)}\n"))}root-threshold {threshold}\nimporters 1\nmax-age 24h\n"
        + (tail ?? $"log {Log("example.org/log")}\nquorum none\n");

    public void Dispose() => _directory.Delete(recursive: true);
}
