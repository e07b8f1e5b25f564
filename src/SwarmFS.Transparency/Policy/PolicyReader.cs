using System.Buffers;
using System.Text;
using SwarmFS.Signing;

namespace SwarmFS.Transparency;

/// <summary>
/// Reads a policy file once (C2SP tlog-policy). Words are parted by spaces and tabs; empty lines and those that begin with '#' say nothing; names are opaque octets:
/// <code>
/// log &lt;vkey&gt; [&lt;url&gt;]
/// witness &lt;name&gt; &lt;vkey&gt; [&lt;url&gt;]
/// group &lt;name&gt; all|any|&lt;k&gt; &lt;name&gt;…      names from lines above; each a member once in the whole file
/// quorum &lt;name&gt;|none                    once
/// </code>
/// Stricter than C2SP in that keys and URLs are UTF-8, and that only Ed25519 keys are known.
/// </summary>
internal sealed class PolicyReader
{
    private const string None = "none";

    private static readonly SearchValues<byte> ForbiddenOctets =
        SearchValues.Create([.. Enumerable.Range(0, ' ').Where(octet => octet is not ('\t' or '\n')).Append(0x7f).Select(octet => (byte)octet)]);

    private readonly List<PolicyMember> _logs = [];
    private readonly List<PolicyMember> _witnesses = [];
    private readonly Dictionary<string, QuorumRule> _rules = [];
    private readonly HashSet<string> _members = [];
    private readonly HashSet<Ed25519PublicKey> _logKeys = [];
    private readonly HashSet<Ed25519PublicKey> _witnessKeys = [];
    private QuorumRule? _quorum;
    private bool _hasQuorum;

    internal TlogPolicy? Read(ReadOnlySpan<byte> file, out string? error)
    {
        error = file.Length > TlogPolicy.MaxLength ? $"longer than {TlogPolicy.MaxLength} bytes"
            : file.ContainsAny(ForbiddenOctets) ? "it has control characters"
            : file.Length > 0 && file[^1] != (byte)'\n' ? "no line feed ends its last line"
            : null;
        if (error is not null) return null;
        // Latin-1 maps each octet to one character, so that names stay the octets that they are.
        ReadOnlySpan<char> rest = Encoding.Latin1.GetString(file);
        for (var number = 1; StrictText.TryTakeLine(ref rest, out var line); number++)
        {
            var words = line.ToString().Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0][0] == '#' || ReadLine(words) is not { } problem) continue;
            error = $"line {StrictText.Decimal(number)}: {problem}";
            return null;
        }
        error = _hasQuorum ? null : "it has no quorum line";
        return _hasQuorum ? new TlogPolicy(_logs, _witnesses, _quorum) : null;
    }

    /// <returns>What is wrong with the line; null when nothing is.</returns>
    private string? ReadLine(string[] words) => words[0] switch
    {
        "log" when words.Length is 2 or 3 => AddMember(words.AsSpan(1), SignatureType.Log, _logs, _logKeys, out _),
        "witness" when words.Length is 3 or 4 => AddWitness(words),
        "group" when words.Length >= 4 => AddGroup(words),
        "quorum" when words.Length == 2 => SetQuorum(words[1]),
        "log" or "witness" or "group" or "quorum" => "it has too many or too few words",
        _ => "it begins with none of log, witness, group and quorum",
    };

    private static string? AddMember(ReadOnlySpan<string> words, SignatureType type, List<PolicyMember> members, HashSet<Ed25519PublicKey> keys, out VerifierKey? key)
    {
        key = null;
        if (members.Count == TlogPolicy.MaxMembers) return $"more than {TlogPolicy.MaxMembers} of a kind";
        string? url = null;
        if (!TryDecode(words[0], out var vkey) || (words.Length == 2 && !TryDecode(words[1], out url))) return "it is not UTF-8";
        if (!VerifierKey.TryParse(vkey, out key, out var error)) return $"its key is malformed: {error}";
        if (key.Type != type) return "its key is of another kind: a log's has type 1, a witness's type 4";
        if (!keys.Add(key.Key)) return "its public key stands in a line above";
        members.Add(new PolicyMember(key, url));
        return null;
    }

    private static bool TryDecode(string octets, out string? text) => StrictText.TryDecode(Encoding.Latin1.GetBytes(octets), out text);

    private string? AddWitness(string[] words) =>
        AddMember(words.AsSpan(2), SignatureType.Cosignature, _witnesses, _witnessKeys, out var key) ?? Define(words[1], new WitnessRule(key!));

    private string? AddGroup(string[] words)
    {
        if (_rules.Count - _witnesses.Count == TlogPolicy.MaxMembers) return $"more than {TlogPolicy.MaxMembers} of a kind";
        var members = new List<QuorumRule>();
        foreach (var name in words.AsSpan(3))
        {
            if (!_rules.TryGetValue(name, out var rule)) return "a member is not defined above";
            if (!_members.Add(name)) return "a member is one already, of this group or of another";
            members.Add(rule);
        }
        var threshold = (long)members.Count;
        if (words[2] == "any") threshold = 1;
        else if (words[2] != "all" && !StrictText.TryParseDecimal(words[2], out threshold)) return "its threshold is not all, any or a number";
        if (threshold < 1 || threshold > members.Count) return "its threshold lies outside 1 to the number of its members";
        return Define(words[1], new GroupRule((int)threshold, members));
    }

    private string? Define(string name, QuorumRule rule) => name == None || !_rules.TryAdd(name, rule) ? "its name is taken" : null;

    private string? SetQuorum(string name)
    {
        if (_hasQuorum) return "the quorum is defined above";
        if (name != None && !_rules.TryGetValue(name, out _quorum)) return "the quorum's name is not defined above";
        _hasQuorum = true;
        return null;
    }
}
