using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// One suite of one repository: what it last said, verified, and how that is brought up to date.
/// <code>
/// Unknown  -> [Update: all checks hold] -> Accepted(date)
/// Accepted -> [Update: same text] -> Accepted | [newer, all checks hold] -> Accepted(newer) | [anything else] -> refused, Accepted as before
/// </code>
/// On disk, in a directory of its own: <c>accepted.json</c>, <c>Release</c> (the signed text), <c>InRelease</c> (the text with its signatures, as it came first) and <c>Packages-…</c>, named
/// by their hashes. In the store: the suite index of each Packages file, pinned.
/// </summary>
internal sealed class AptRepository
{
    /// <summary>Bytes of an InRelease; Debian's largest has 250 KiB.</summary>
    private const long MaxRelease = 1 << 20;

    /// <summary>Clocks differ a little; apt's own allowance (Acquire::Max-FutureTime).</summary>
    private static readonly TimeSpan MaxAhead = TimeSpan.FromSeconds(10);

    private readonly AptSources _system;
    private readonly AptFetcher _fetcher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _directory;
    private readonly string _scratch;
    private readonly SuiteIndexKeeper _keeper;
    private readonly AptIndexFiles _files;

    /// <param name="directory">Of this suite alone; made when missing.</param>
    /// <exception cref="ImportRefusedException">What it last said is damaged on disk.</exception>
    public AptRepository(AptSource source, AptSources system, AptFetcher fetcher, SuiteIndexKeeper keeper, string directory, string scratch, TimeProvider time, ILogger logger)
    {
        (Source, _system, _fetcher, _keeper, _directory, _time, _logger) = (source, system, fetcher, keeper, directory, time, logger);
        _scratch = scratch;
        _files = new AptIndexFiles(source, system, fetcher, keeper, directory, scratch, logger);
        Directory.CreateDirectory(directory);
        Accepted = AcceptedSuite.Read(directory);
    }

    public AptSource Source { get; }

    public AcceptedSuite? Accepted { get; private set; }

    /// <summary>True when the accepted state says of itself that it holds no longer.</summary>
    public bool HasExpired => ChecksValidUntil && Accepted?.ValidUntil < _time.GetUtcNow();

    private bool ChecksDate => Source.CheckDate ?? _system.Configuration.CheckDate;

    private bool ChecksValidUntil => ChecksDate && (Source.CheckValidUntil ?? _system.Configuration.CheckValidUntil);

    /// <summary>The signed text with its signatures, as it was when it was accepted; null when it is not here.</summary>
    public byte[]? ReadEvidence() => Accepted is not null && File.Exists(EvidencePath) ? File.ReadAllBytes(EvidencePath) : null;

    private Uri ReleaseAddress => new(Source.Root, "InRelease");

    private string EvidencePath => Path.Join(_directory, "InRelease");

    /// <summary>Brings what is accepted up to date; afterwards it is not null, and its suite indices are in the store.</summary>
    /// <exception cref="ImportRefusedException">What the repository says must not be believed. <see cref="Accepted"/> is as before.</exception>
    /// <exception cref="SourceUnavailableException">It does not answer.</exception>
    /// <exception cref="StoreFullException">The store has no space for an index.</exception>
    public async Task<SuiteUpdate> UpdateAsync(IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var (release, text, signed) = await ReadReleaseAsync(progress, cancellationToken);
        var payload = PayloadOf(text);
        var fetched = new Dictionary<string, long>();
        var indices = new List<AcceptedIndex>();
        foreach (var path in IndexPaths(release))
        {
            var before = _fetcher.BytesFetched;
            indices.Add(await _files.BringAsync(release, path, Accepted?.Indices ?? [], progress, cancellationToken));
            fetched[path] = _fetcher.BytesFetched - before;
        }
        var isSameText = payload == Accepted?.Payload;
        if (!isSameText || !indices.SequenceEqual(Accepted!.Indices) || !File.Exists(EvidencePath))
            Accept(new AcceptedSuite(Source.Name, release.Date, release.ValidUntil, payload, text.Signers, indices), text.Payload, signed);
        return new SuiteUpdate(!isSameText, signed.Length, fetched);
    }

    /// <summary>The namespaces that the repository lists at this moment, by its signed text alone: no index is fetched, and nothing is accepted.</summary>
    /// <exception cref="ImportRefusedException">What the repository says must not be believed.</exception>
    /// <exception cref="SourceUnavailableException">It does not answer.</exception>
    public async Task<IReadOnlyList<string>> ReadNamespacesAsync(IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var (release, _, _) = await ReadReleaseAsync(progress, cancellationToken);
        return [.. IndexPaths(release).Select(path => _files.NamespaceOf(release, path)).OfType<string>()];
    }

    private async Task<(ReleaseFile Release, VerifiedText Text, byte[] Signed)> ReadReleaseAsync(IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await _fetcher.FetchAsync(ReleaseAddress, bytes, exact: null, MaxRelease, progress, ImportStage.Updating, cancellationToken);
        var signed = bytes.ToArray();
        var text = await new SignatureCheck(_system.Paths.EtcDirectory, _scratch, _time).VerifyAsync(signed, Source.Keys, ReleaseAddress.ToString(), cancellationToken);
        var release = Parse(text.Payload);
        CheckSuite(release);
        CheckDates(release);
        CheckNotOlder(release, PayloadOf(text));
        return (release, text, signed);
    }

    private static string PayloadOf(VerifiedText text) => Convert.ToHexStringLower(SHA256.HashData(text.Payload));

    /// <summary>The suite indices of what is accepted are put into the store again where they are not there, from what lies on disk.</summary>
    /// <exception cref="StoreFullException">The store has no space for an index.</exception>
    public void RestoreIndices()
    {
        if (Accepted is not { } accepted || accepted.Indices.All(index => _keeper.Has(index.Root))) return;
        List<AcceptedIndex> indices = [.. accepted.Indices.Select(index => _keeper.Has(index.Root) ? index : _files.BuildFromDisk(index) ?? index)];
        Accepted = accepted with { Indices = indices };
        Accepted.Write(_directory);
    }

    /// <summary>The versions that the accepted indices list of this name.</summary>
    /// <exception cref="SourceUnavailableException">An index is neither in the store nor on disk.</exception>
    /// <exception cref="StoreFullException">An index has to be put into the store again, which has no space for it.</exception>
    public List<(SuiteIndexEntry Package, AcceptedIndex Index)> Find(string name)
    {
        var found = new List<(SuiteIndexEntry, AcceptedIndex)>();
        foreach (var index in Accepted?.Indices ?? []) found.AddRange(Versions(index, name).Select(package => (package, index)));
        return found;
    }

    private IReadOnlyList<SuiteIndexEntry> Versions(AcceptedIndex index, string name)
    {
        try
        {
            if (_keeper.Has(index.Root)) return _keeper.Open(index.Root).Versions(name);
        }
        catch (ContentUnavailableException)
        {
            // A node below the top was damaged: the index is made again.
        }
        var again = _files.BuildFromDisk(index)
            ?? throw new SourceUnavailableException($"{Path.Join(_directory, index.FileName)} is missing, and {Source.Name} could not be asked for it. Try again when the network is there.");
        return _keeper.Open(again.Root).Versions(name);
    }

    private ReleaseFile Parse(byte[] text)
    {
        try
        {
            return ReleaseFile.Parse(text);
        }
        catch (ArchiveFormatException e)
        {
            throw new ImportRefusedException($"{ReleaseAddress} is refused: {e.Message}. Ask the repository's maintainer, or choose another mirror.", e);
        }
    }

    /// <summary>The same keys sign all suites of an archive, so the text of another suite is validly signed too.</summary>
    private void CheckSuite(ReleaseFile release)
    {
        if (Source.IsFlat || (release.Suite ?? release.Codename) is null || Source.Suite == release.Suite || Source.Suite == release.Codename) return;
        throw new ImportRefusedException(
            $"{ReleaseAddress} is refused: it is of the suite '{EscapedText.Of(release.Suite ?? "")}' (codename '{EscapedText.Of(release.Codename ?? "")}'), not of '{Source.Suite}'. Correct {Source.Place}, or choose another mirror.");
    }

    private void CheckDates(ReleaseFile release)
    {
        var now = _time.GetUtcNow();
        if (ChecksDate && release.Date > now + MaxAhead)
            throw new ImportRefusedException($"{ReleaseAddress} is refused: its Date {release.Date:u} is in the future. Set this machine's clock, or choose another mirror.");
        if (ChecksValidUntil && release.ValidUntil < now)
            throw new ImportRefusedException($"{ReleaseAddress} is refused: it was valid until {release.ValidUntil:u}. Choose a mirror that is up to date, or set this machine's clock.");
    }

    private void CheckNotOlder(ReleaseFile release, string payload)
    {
        if (Accepted is not { } accepted || release.Date > accepted.Date || payload == accepted.Payload) return;
        var what = release.Date == accepted.Date ? "another text of the same Date" : $"rolled back to {release.Date:u}";
        throw new ImportRefusedException(
            $"{ReleaseAddress} is refused: it is {what}, but {accepted.Date:u} was accepted before. Choose a mirror that is up to date; to go back on purpose, delete {Path.Join(_directory, AcceptedSuite.FileName)}.");
    }

    private List<string> IndexPaths(ReleaseFile release)
    {
        if (Source.IsFlat) return ["Packages"];
        var paths = new List<string>();
        foreach (var component in Source.Components)
        {
            var path = $"{component}/binary-{_system.Configuration.Architecture}/Packages";
            var all = $"{component}/binary-all/Packages";
            var before = paths.Count;
            if (release.Find(path) is not null) paths.Add(path);
            if (release.HasOwnIndexOfAll && release.Find(all) is not null) paths.Add(all);
            if (paths.Count == before) throw new ImportRefusedException($"{ReleaseAddress} is refused: it lists no {path} with a SHA-256. Correct the component in {Source.Place}.");
        }
        return paths;
    }

    /// <summary>The whole file or none of it, also after a power cut.</summary>
    private static void Write(string path, byte[] content)
    {
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(content);
            Durable.Flush(file);
        }
        File.Move(temporary, path, overwrite: true);
    }

    private void Accept(AcceptedSuite accepted, byte[] payload, byte[] signed)
    {
        var isNew = accepted.Payload != Accepted?.Payload;
        Write(Path.Join(_directory, "Release"), payload);
        // Of one text the first that came is kept: somebody on the way may strip signatures, one by one.
        if (isNew || !File.Exists(EvidencePath)) Write(EvidencePath, signed);
        accepted.Write(_directory);
        Accepted = accepted;
        var kept = accepted.Indices.Select(index => index.FileName).ToHashSet();
        foreach (var file in Directory.GetFiles(_directory, "Packages-*"))
            if (!kept.Contains(Path.GetFileName(file))) File.Delete(file);
        if (isNew) ImportLog.SuiteAccepted(_logger, Source.Name, accepted.Date, string.Join(", ", accepted.Signers));
    }
}

/// <summary>What an update brought.</summary>
/// <param name="IsChanged">The signed text is another one than before.</param>
/// <param name="ReleaseBytes">Fetched of the signed text.</param>
/// <param name="IndexBytes">Fetched of each index, by its path.</param>
internal sealed record SuiteUpdate(bool IsChanged, long ReleaseBytes, IReadOnlyDictionary<string, long> IndexBytes);
