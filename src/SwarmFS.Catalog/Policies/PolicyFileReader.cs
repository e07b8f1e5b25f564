using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>
/// Takes the text of a policy apart. The first thing that does not hold is what it says; it may take more than one spelling of a value, since the text is written again and compared.
/// </summary>
internal ref struct PolicyFileReader(string text)
{
    /// <summary>The first words of the lines of a tlog-policy, in the order that they must have here.</summary>
    private static readonly string[] TlogWords = ["log", "witness", "group", "quorum"];

    private RecordLines _lines = new(text);

    public PolicyFile? Read(out string? error)
    {
        error = $"longer than {SignedNote.MaxLength} bytes";
        if (Encoding.UTF8.GetByteCount(text) > SignedNote.MaxLength) return null;
        error = $"not a policy of kind {PolicyFile.Header}";
        if (_lines.Header() != PolicyFile.Header) return null;
        var version = _lines.Number("version");
        var expires = ReadExpiry();
        var (keys, threshold) = (ReadRootKeys(), _lines.Number("root-threshold"));
        var (importers, age) = (_lines.Number("importers"), ReadAge());
        var (namespaces, publishers, retirements) = (ReadNamespaces(), ReadPublishers(), ReadRetirements());
        var tail = _lines.Rest();
        _lines.Require(version >= 1, "its version does not begin at 1");
        _lines.Require(threshold >= 1 && threshold <= keys.Count, "its root-threshold is above the number of its root keys, or 0");
        error = _lines.Error ?? CheckTail(tail);
        if (error is not null || !TlogPolicy.TryRead(Encoding.UTF8.GetBytes(tail), out var witnesses, out error)) return null;
        var logs = witnesses.Logs;
        _lines.Require(logs.Count is >= 1 and <= CatalogPolicy.LogsMax, $"it names no log, or more than {CatalogPolicy.LogsMax}");
        _lines.Require(importers >= 1 && importers <= logs.Count, "its importers are more than its logs, or 0");
        var retired = Resolve(retirements, logs);
        error = _lines.Error;
        return error is not null ? null : new PolicyFile
        {
            Version = version,
            Expires = expires,
            RootKeys = keys,
            RootThreshold = (int)threshold,
            Importers = (int)importers,
            MaxAge = age,
            Namespaces = namespaces,
            Publishers = publishers,
            Retired = retired,
            Witnesses = witnesses,
            TlogLines = tail,
        };
    }

    private DateTimeOffset? ReadExpiry()
    {
        if (!_lines.Is($"expires {PolicyFile.Never}")) return _lines.Date("expires");
        _ = _lines.Value("expires");
        return null;
    }

    private List<VerifierKey> ReadRootKeys()
    {
        var keys = new List<VerifierKey>();
        while (_lines.Has("root-key") && HasRoom(keys.Count, PolicyFile.RootKeysMax, "root-key"))
        {
            if (VerifierKey.TryParse(_lines.Value("root-key"), out var key, out var error)) keys.Add(key);
            else _lines.Require(holds: false, $"a root-key is malformed: {error}");
        }
        _lines.Require(keys.TrueForAll(key => key.Type == SignatureType.Log), "a root-key is a witness's: its type is not 1");
        // By the key, whatever names it has: one key under two names would sign for two.
        _lines.Require(keys.DistinctBy(key => key.Key).Count() == keys.Count, "a root-key stands in it twice");
        return keys;
    }

    private TimeSpan ReadAge()
    {
        _lines.Require(PolicyAge.TryParse(_lines.Value("max-age"), out var age), "its max-age is no number of hours, minutes or seconds up to a year");
        return age;
    }

    private List<string> ReadNamespaces()
    {
        var names = new List<string>();
        while (_lines.Has("namespace") && HasRoom(names.Count, PolicyFile.NamespacesMax, "namespace")) names.Add(_lines.Text("namespace"));
        _lines.Require(names.TrueForAll(name => CatalogNamespace.IsSuiteOrPrefix(name)), "a namespace is no suite and not the beginning of one");
        _lines.Require(names.Distinct().Count() == names.Count, "a namespace stands in it twice");
        return names;
    }

    private List<Ed25519PublicKey> ReadPublishers()
    {
        var publishers = new List<Ed25519PublicKey>();
        while (_lines.Has("publisher") && HasRoom(publishers.Count, PolicyFile.PublishersMax, "publisher"))
        {
            var value = _lines.Value("publisher");
            if (Ed25519PublicKey.TryParse(value[(value.IndexOf(' ') + 1)..], out var key)) publishers.Add(key!);
            else _lines.Require(holds: false, "a publisher has no Ed25519 key");
        }
        _lines.Require(publishers.Distinct().Count() == publishers.Count, "a publisher stands in it twice");
        return publishers;
    }

    private List<string[]> ReadRetirements()
    {
        var retired = new List<string[]>();
        while (_lines.Has("retired") && HasRoom(retired.Count, CatalogPolicy.LogsMax, "retired")) retired.Add(_lines.Text("retired").Split(' '));
        return retired;
    }

    private List<RetiredLog> Resolve(List<string[]> retirements, IReadOnlyList<PolicyMember> logs)
    {
        var retired = new List<RetiredLog>();
        foreach (var words in retirements)
        {
            var named = words.Length == 3 ? logs.Where(log => log.Key.Name == words[0]).ToList() : [];
            if (named is [var log] && Checkpoint.TryRead($"{string.Join('\n', words)}\n", out var last, out _)) retired.Add(new RetiredLog(log.Key, last.Size, last.Root));
            else _lines.Require(holds: false, "a retired line has not the origin of exactly one of its logs, a size and a root");
        }
        _lines.Require(retired.DistinctBy(log => log.Log).Count() == retired.Count, "a log is retired twice");
        return retired;
    }

    private bool HasRoom(int count, int max, string key)
    {
        _lines.Require(count < max, $"it has more than {max} lines '{key}'");
        return count < max && _lines.Error is null;
    }

    /// <summary>A tlog-policy may be written in many ways; here in one.</summary>
    private static string? CheckTail(string tail)
    {
        const string OutOfForm = "its lines of logs and witnesses are not in canonical form: log, witness, group, quorum, with one space between words";
        if (!tail.EndsWith('\n')) return "it ends too early";
        var last = 0;
        foreach (var line in tail[..^1].Split('\n'))
        {
            var words = line.Split(' ');
            var kind = Array.IndexOf(TlogWords, words[0]);
            if (kind < last || Array.Exists(words, word => word.Length == 0)) return OutOfForm;
            last = kind;
        }
        return null;
    }
}
