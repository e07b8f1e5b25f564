using System.Globalization;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// The versions that a user wants as <c>latest</c>, each with all that leads to its content, so that it stays when its suite no longer lists it. One line each in a state file:
/// <c>name version namespace artifact-hash artifact-bytes root published filename</c>, with '-' for what there is none of. Safe from any thread.
/// </summary>
internal sealed class UserPins
{
    /// <summary>Pins: typed by hand, and a line takes about 300 bytes.</summary>
    private const int PinsMax = 2_000;

    private const string FileName = "user-pins";

    private const string None = "-";

    private readonly IStateFiles _files;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Release> _pins = new(StringComparer.Ordinal);

    /// <exception cref="LogDamagedException">The file cannot be understood.</exception>
    public UserPins(IStateFiles files)
    {
        _files = files;
        if (files.Read(FileName) is not { } content) return;
        foreach (var line in Encoding.UTF8.GetString(content).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var release = Parse(line) ?? throw new LogDamagedException($"The list of pinned versions has a line that cannot be read: '{line}'. Correct or remove it in the file {FileName}.");
            _pins[release.Name] = release;
        }
    }

    public IReadOnlyList<Release> All
    {
        get
        {
            lock (_gate) return [.. _pins.Values];
        }
    }

    /// <exception cref="CatalogRefusedException">There are too many.</exception>
    public void Set(Release release)
    {
        lock (_gate)
        {
            if (_pins.Count >= PinsMax && !_pins.ContainsKey(release.Name)) throw new CatalogRefusedException($"{PinsMax} versions are pinned already; unpin some first.");
            var before = _pins.GetValueOrDefault(release.Name);
            _pins[release.Name] = release;
            Save(() =>
            {
                if (before is null) _pins.Remove(release.Name);
                else _pins[release.Name] = before;
            });
        }
    }

    /// <returns>False when the name was not pinned.</returns>
    public bool Remove(string name)
    {
        lock (_gate)
        {
            if (!_pins.Remove(name, out var before)) return false;
            Save(() => _pins[name] = before);
            return true;
        }
    }

    private void Save(Action undo)
    {
        try
        {
            _files.Replace(FileName, Encoding.UTF8.GetBytes(string.Concat(_pins.Values.Select(release => Line(release) + "\n"))));
        }
        catch (IOException)
        {
            undo();
            throw;
        }
    }

    private static string Line(Release release) => string.Create(
        CultureInfo.InvariantCulture,
        $"{release.Name} {release.Version} {release.Namespace ?? None} {release.Artifact?.ToString() ?? $"{None} {None}"} {release.Root?.ToString() ?? None} {release.Published.ToUnixTimeSeconds()} {release.Filename ?? None}");

    private static Release? Parse(string line)
    {
        var words = line.Split(' ');
        if (words.Length != 8 || !PackageNames.IsName(words[0]) || !PackageNames.IsPathVersion(words[1])) return null;
        if (!long.TryParse(words[6], NumberStyles.None, CultureInfo.InvariantCulture, out var published) || published > DateTimeOffset.MaxValue.ToUnixTimeSeconds()) return null;
        var artifact = words[3] == None ? null : ArtifactDigest.TryParse($"{words[3]} {words[4]}");
        Cid? root = Cid.TryParse(words[5], out var cid, out _) ? cid : null;
        if ((artifact is null && words[3] != None) || (root is null && words[5] != None)) return null;
        return new Release(words[0], words[1], root, "", DateTimeOffset.FromUnixTimeSeconds(published))
        {
            Artifact = artifact,
            Namespace = words[2] == None ? null : words[2],
            Filename = words[7] == None ? null : words[7],
        };
    }
}
