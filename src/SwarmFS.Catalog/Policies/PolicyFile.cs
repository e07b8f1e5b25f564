using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>
/// A policy as its signers wrote it: what a node is to believe, and who may replace it. The text of the signed note <c>policy.N</c>:
/// <code>
/// swarmfs.policy/v1
/// version &lt;N, from 1&gt;
/// expires &lt;date, as 2027-01-01T00:00:00Z&gt; | never
/// root-key &lt;vkey of type 1&gt;               1 to 16, each public key once
/// root-threshold &lt;1 up to the number of root keys&gt;
/// importers &lt;1 up to the number of logs&gt;
/// max-age &lt;number&gt;h|m|s                   the largest unit that divides it; at most a year
/// namespace &lt;suite or the first parts of one&gt;                 0 to 64, in the order in which they are asked
/// publisher pub/&lt;hex SHA-256 of the key&gt; &lt;base64 key&gt;        0 to 64
/// retired &lt;origin of a log below&gt; &lt;size&gt; &lt;base64 root&gt;      0 to 16
/// log … witness … group … quorum …        C2SP tlog-policy, in this order, one space between words
/// </code>
/// One value has one text: what <see cref="ToText"/> would not write is refused.
/// </summary>
public sealed record PolicyFile
{
    /// <summary>Keys of its signers; few enough that a person can name each of them.</summary>
    public const int RootKeysMax = 16;

    /// <summary>Lines of a kind; a lookup asks them one after another.</summary>
    public const int NamespacesMax = 64;

    /// <inheritdoc cref="NamespacesMax"/>
    public const int PublishersMax = 64;

    /// <summary>The longest age at which a checkpoint is still fresh: what nobody renewed for a year is not looked after.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromDays(365);

    internal const string Header = "swarmfs.policy/v1";
    internal const string Never = "never";

    internal PolicyFile()
    {
    }

    /// <summary>Counts from 1; each follows the one before it.</summary>
    public required long Version { get; init; }

    /// <summary>From then on it says nothing any more; null for never.</summary>
    public required DateTimeOffset? Expires { get; init; }

    /// <summary>Whose signatures make the next version.</summary>
    public required IReadOnlyList<VerifierKey> RootKeys { get; init; }

    public required int RootThreshold { get; init; }

    /// <summary>Logs in which the byte-identical record must stand.</summary>
    public required int Importers { get; init; }

    public required TimeSpan MaxAge { get; init; }

    public required IReadOnlyList<string> Namespaces { get; init; }

    public required IReadOnlyList<Ed25519PublicKey> Publishers { get; init; }

    /// <summary>Each is one of <see cref="Logs"/>.</summary>
    public required IReadOnlyList<RetiredLog> Retired { get; init; }

    /// <summary>The logs, the witnesses and their quorum.</summary>
    public required TlogPolicy Witnesses { get; init; }

    /// <summary>What <see cref="Witnesses"/> was read from.</summary>
    public required string TlogLines { get; init; }

    public IEnumerable<VerifierKey> Logs => Witnesses.Logs.Select(log => log.Key);

    public bool IsExpired(DateTimeOffset now) => Expires is { } end && now >= end;

    /// <summary>What the catalogue consumes.</summary>
    public CatalogPolicy ToCatalogPolicy() => new()
    {
        Logs = [.. Logs],
        Confirmations = Importers,
        Witnesses = Witnesses,
        MaxAge = MaxAge,
        Namespaces = Namespaces,
        Publishers = Publishers,
        Retired = Retired,
    };

    /// <summary>Reads a text, signed by nobody as yet.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryRead(string text, [NotNullWhen(true)] out PolicyFile? policy, [NotNullWhen(false)] out string? error)
    {
        policy = new PolicyFileReader(text).Read(out error);
        if (policy is not null && policy.ToText() != text) (policy, error) = (null, "it is not in canonical form");
        return policy is not null;
    }

    public string ToText()
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{Header}\nversion {Version}\nexpires {(Expires is { } end ? RecordLines.Show(end) : Never)}\n"));
        foreach (var key in RootKeys) text.Append(CultureInfo.InvariantCulture, $"root-key {key}\n");
        text.Append(CultureInfo.InvariantCulture, $"root-threshold {RootThreshold}\nimporters {Importers}\nmax-age {PolicyAge.Show(MaxAge)}\n");
        foreach (var name in Namespaces) text.Append(CultureInfo.InvariantCulture, $"namespace {name}\n");
        foreach (var key in Publishers) text.Append(CultureInfo.InvariantCulture, $"publisher {CatalogNamespace.OfPublisher(key)} {key}\n");
        Span<byte> root = stackalloc byte[Sha256Digest.Length];
        foreach (var log in Retired)
        {
            log.Root.CopyTo(root);
            text.Append(CultureInfo.InvariantCulture, $"retired {log.Log.Name} {log.Size} {Convert.ToBase64String(root)}\n");
        }
        return text.Append(TlogLines).ToString();
    }
}
