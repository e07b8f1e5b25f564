using System.Globalization;
using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Cli.Commands;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Cli.Trust;

/// <summary>Policies as files that people sign and check.</summary>
internal static class PolicyFiles
{
    /// <summary>Adds a signature to a policy, or to a text that is to become one. The file is replaced whole.</summary>
    /// <exception cref="IOException">It is no policy, the key is none, or it cannot be written.</exception>
    /// <exception cref="UsageException">The name may not stand in a signature.</exception>
    public static async Task<PolicySignReport> SignAsync(string path, string keyFile, string name)
    {
        KeyFiles.CheckName(name);
        OutputFile.RequireRegular(path);
        var bytes = InputFile.Read(path, SignedPolicy.MaxLength);
        var note = Read(path, bytes, out var text);
        if (!PolicyFile.TryRead(text, out var policy, out var error)) throw new IOException($"{path} is no policy: {error}.");
        using var key = InputFile.ReadKey(keyFile);
        var signer = new NoteSigner(name, key);
        var signed = signer.Sign(text);
        if (note?.Signatures.Count == SignedNote.MaxSignatures) throw new IOException($"{path} has {SignedNote.MaxSignatures} signatures already, the most that it may have.");
        var whole = note?.With(signed.Signatures[0]) ?? signed;
        await OutputFile.WriteAsync(path, file =>
        {
            file.Write(whole.ToBytes());
            Durable.Flush(file);
            return Task.FromResult(file.Length);
        });
        var signatures = new SignedPolicy(policy, whole).SignersOf(policy).Count;
        return new PolicySignReport(Path.GetFullPath(path), policy.Version, signer.VerifierKey.ToString(), policy.RootKeys.Contains(signer.VerifierKey), signatures, policy.RootThreshold);
    }

    /// <returns>Null for a text without signatures.</returns>
    private static SignedNote? Read(string path, byte[] bytes, out string text)
    {
        if (bytes.AsSpan().IndexOf("\n\n"u8) >= 0)
        {
            if (!SignedNote.TryRead(bytes, out var note, out var error)) throw new IOException($"{path} is no signed policy: {error}.");
            text = note.Text;
            return note;
        }
        if (!System.Text.Unicode.Utf8.IsValid(bytes)) throw new IOException($"{path} is no policy: it is not UTF-8.");
        text = Encoding.UTF8.GetString(bytes);
        return null;
    }

    /// <exception cref="IOException">A file is no signed policy at all.</exception>
    public static PolicyCheckReport Check(string path, string? before, DateTimeOffset now)
    {
        var signed = ReadSigned(path);
        var last = before is null ? null : ReadSigned(before);
        var policy = signed.Policy;
        var reason = FirstFault(signed, last, now);
        return new PolicyCheckReport(
            reason is null, reason, policy.Version, policy.Expires?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "never",
            Texts(policy.RootKeys), policy.RootThreshold, Texts(signed.SignersOf(policy)), policy.Importers, (long)policy.MaxAge.TotalSeconds, Texts(policy.Logs),
            Texts(policy.Witnesses.Witnesses.Select(witness => witness.Key)), last is null ? null : Texts(last.Policy.Logs.Except(policy.Logs)));
    }

    private static string? FirstFault(SignedPolicy signed, SignedPolicy? last, DateTimeOffset now)
    {
        string? error = null;
        if (last is not null && !last.IsSignedFor(last.Policy, out error)) return $"the policy before it does not hold: {error}";
        if (last is not null && !signed.Follows(last.Policy, out error)) return error;
        if (!signed.IsSignedFor(signed.Policy, out error)) return error;
        return signed.Policy.IsExpired(now) ? "it has expired" : null;
    }

    private static SignedPolicy ReadSigned(string path) =>
        SignedPolicy.TryRead(InputFile.Read(path, SignedPolicy.MaxLength), out var policy, out var error) ? policy : throw new IOException($"{path} is no signed policy: {error}.");

    private static List<string> Texts(IEnumerable<VerifierKey> keys) => [.. keys.Select(key => key.ToString())];
}
