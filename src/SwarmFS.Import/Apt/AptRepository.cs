using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// One suite of one repository: what it last said, verified, and how that is brought up to date.
/// <code>
/// Unknown  -> [Update: all checks hold] -> Accepted(date)
/// Accepted -> [Update: same text] -> Accepted | [newer, all checks hold] -> Accepted(newer) | [anything else] -> refused, Accepted as before
/// </code>
/// On disk, in a directory of its own: <c>accepted.json</c>, <c>Release</c> (the signed text) and <c>Packages-…</c>, named by their hashes.
/// </summary>
internal sealed class AptRepository
{
    /// <summary>Bytes of an InRelease; Debian's largest has 250 KiB.</summary>
    private const long MaxRelease = 1 << 20;

    /// <summary>Bytes of an unpacked Packages file; Debian's largest has 60 MB.</summary>
    private const long MaxPackages = 1L << 30;

    /// <summary>Clocks differ a little; apt's own allowance (Acquire::Max-FutureTime).</summary>
    private static readonly TimeSpan MaxAhead = TimeSpan.FromSeconds(10);

    /// <summary>The packed forms in the order of preference.</summary>
    private static readonly string[] Packings = [".xz", ".gz", ".zst", ""];

    private readonly AptSources _system;
    private readonly AptFetcher _fetcher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _directory;
    private readonly string _scratch;

    /// <param name="directory">Of this suite alone; made when missing.</param>
    public AptRepository(AptSource source, AptSources system, AptFetcher fetcher, string directory, string scratch, TimeProvider time, ILogger logger)
    {
        (Source, _system, _fetcher, _directory, _time, _logger) = (source, system, fetcher, directory, time, logger);
        _scratch = scratch;
        Directory.CreateDirectory(directory);
        Accepted = AcceptedSuite.Read(directory);
    }

    public AptSource Source { get; }

    public AcceptedSuite? Accepted { get; private set; }

    /// <summary>True when the accepted state says of itself that it holds no longer.</summary>
    public bool HasExpired => ChecksValidUntil && Accepted?.ValidUntil < _time.GetUtcNow();

    private bool ChecksDate => Source.CheckDate ?? _system.Configuration.CheckDate;

    private bool ChecksValidUntil => ChecksDate && (Source.CheckValidUntil ?? _system.Configuration.CheckValidUntil);

    /// <summary>Brings what is accepted up to date; afterwards it is not null.</summary>
    /// <exception cref="ImportRefusedException">What the repository says must not be believed. <see cref="Accepted"/> is as before.</exception>
    /// <exception cref="SourceUnavailableException">It does not answer.</exception>
    public async Task UpdateAsync(IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var address = new Uri(Source.Root, "InRelease");
        var signed = await FetchSmallAsync(address, progress, cancellationToken);
        var signature = new SignatureCheck(_system.Paths.EtcDirectory, _scratch, _time);
        var text = await signature.VerifyAsync(signed, Source.Keys, address.ToString(), cancellationToken);
        var release = Parse(text.Payload, address);
        var payload = Convert.ToHexStringLower(SHA256.HashData(text.Payload));
        CheckSuite(release, address);
        CheckDates(release, address);
        if (Accepted is { } accepted && payload == accepted.Payload && accepted.Indices.All(IsHere)) return;
        CheckNotOlder(release, payload, address);
        var indices = new List<AcceptedIndex>();
        foreach (var path in IndexPaths(release, address)) indices.Add(await FetchIndexAsync(release, path, progress, cancellationToken));
        Accept(new AcceptedSuite(Source.Name, release.Date, release.ValidUntil, payload, text.Signers, indices), text.Payload);
    }

    /// <summary>What the accepted indices list of this name.</summary>
    /// <exception cref="ImportRefusedException">An index was changed on disk.</exception>
    /// <exception cref="SourceUnavailableException">An index has vanished from the disk.</exception>
    public List<(ListedPackage Package, AcceptedIndex Index)> Find(string name)
    {
        var found = new List<(ListedPackage, AcceptedIndex)>();
        foreach (var index in Accepted?.Indices ?? [])
        {
            var path = Path.Join(_directory, index.FileName);
            if (!IsHere(index)) throw new SourceUnavailableException($"{path} is missing, and {Source.Name} could not be asked for it. Try again when the network is there.");
            using var file = new HashingStream(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0), copy: null);
            var packages = Read(file, index, name, path);
            found.AddRange(packages.Select(package => (package, index)));
        }
        return found;
    }

    private List<ListedPackage> Read(HashingStream file, AcceptedIndex index, string? name, string shown)
    {
        try
        {
            var packages = PackageIndex.Scan(file, name, _system.Configuration.Architecture);
            if (file.EndsAs(index.Size, index.Digest)) return packages;
        }
        catch (ArchiveFormatException e)
        {
            throw new ImportRefusedException($"{shown} is refused: {e.Message}. Try again later, or choose another mirror.", e);
        }
        throw new ImportRefusedException($"{shown} is refused: it does not have the size and SHA-256 that the signed Release lists for it. Try again later, or choose another mirror.");
    }

    private async Task<byte[]> FetchSmallAsync(Uri address, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await _fetcher.FetchAsync(address, bytes, exact: null, MaxRelease, progress, ImportStage.Updating, cancellationToken);
        return bytes.ToArray();
    }

    private static ReleaseFile Parse(byte[] text, Uri address)
    {
        try
        {
            return ReleaseFile.Parse(text);
        }
        catch (ArchiveFormatException e)
        {
            throw new ImportRefusedException($"{address} is refused: {e.Message}. Ask the repository's maintainer, or choose another mirror.", e);
        }
    }

    /// <summary>The same keys sign all suites of an archive, so the text of another suite is validly signed too.</summary>
    private void CheckSuite(ReleaseFile release, Uri address)
    {
        if (Source.IsFlat || (release.Suite ?? release.Codename) is null || Source.Suite == release.Suite || Source.Suite == release.Codename) return;
        throw new ImportRefusedException(
            $"{address} is refused: it is of the suite '{EscapedText.Of(release.Suite ?? "")}' (codename '{EscapedText.Of(release.Codename ?? "")}'), not of '{Source.Suite}'. Correct {Source.Place}, or choose another mirror.");
    }

    private void CheckDates(ReleaseFile release, Uri address)
    {
        var now = _time.GetUtcNow();
        if (ChecksDate && release.Date > now + MaxAhead)
            throw new ImportRefusedException($"{address} is refused: its Date {release.Date:u} is in the future. Set this machine's clock, or choose another mirror.");
        if (ChecksValidUntil && release.ValidUntil < now)
            throw new ImportRefusedException($"{address} is refused: it was valid until {release.ValidUntil:u}. Choose a mirror that is up to date, or set this machine's clock.");
    }

    private void CheckNotOlder(ReleaseFile release, string payload, Uri address)
    {
        if (Accepted is not { } accepted || release.Date > accepted.Date || payload == accepted.Payload) return;
        var what = release.Date == accepted.Date ? "another text of the same Date" : $"rolled back to {release.Date:u}";
        throw new ImportRefusedException(
            $"{address} is refused: it is {what}, but {accepted.Date:u} was accepted before. Choose a mirror that is up to date; to go back on purpose, delete {Path.Join(_directory, AcceptedSuite.FileName)}.");
    }

    private List<string> IndexPaths(ReleaseFile release, Uri address)
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
            if (paths.Count == before) throw new ImportRefusedException($"{address} is refused: it lists no {path} with a SHA-256. Correct the component in {Source.Place}.");
        }
        return paths;
    }

    private async Task<AcceptedIndex> FetchIndexAsync(ReleaseFile release, string path, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var plain = release.Find(path) ?? throw new ImportRefusedException($"{new Uri(Source.Root, "InRelease")} is refused: it lists no {path} with a SHA-256.");
        if (plain.Size > MaxPackages) throw new ImportRefusedException($"{new Uri(Source.Root, path)} is refused: it has {plain.Size} bytes; {MaxPackages} are allowed.");
        var index = new AcceptedIndex(path, plain.Size, plain.Digest.ToString());
        if (IsHere(index)) return index;
        var (packing, packed) = Packings.Select(p => (p, release.Find(path + p))).First(p => p.Item2 is not null);
        var address = new Uri(Source.Root, release.ByHash ? $"{path[..(path.LastIndexOf('/') + 1)]}by-hash/SHA256/{packed!.Digest}" : path + packing);
        var temporary = Path.Join(_scratch, "index-" + Guid.NewGuid().ToString("n"));
        try
        {
            await using var file = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite);
            await _fetcher.FetchAsync(address, file, packed!.Size, packed.Size, progress, ImportStage.Updating, cancellationToken);
            file.Position = 0;
            if (new Sha256Digest(await SHA256.HashDataAsync(file, cancellationToken)) != packed.Digest)
                throw new ImportRefusedException($"{address} is refused: it does not have the SHA-256 that the signed Release lists for it. Try again later, or choose another mirror.");
            file.Position = 0;
            await Task.Run(() => UnpackIndex(file, packing, index, address), cancellationToken);
        }
        finally
        {
            File.Delete(temporary);
        }
        return index;
    }

    private void UnpackIndex(Stream packed, string packing, AcceptedIndex index, Uri address)
    {
        var temporary = Path.Join(_scratch, "unpacked-" + Guid.NewGuid().ToString("n"));
        try
        {
            using (var copy = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                var bounded = new BoundedStream(Packing.Open(packing, packed)!, index.Size, "the index");
                using var unpacked = new HashingStream(bounded, copy);
                Read(unpacked, index, name: null, address.ToString());
                copy.Flush(flushToDisk: true);
            }
            File.Move(temporary, Path.Join(_directory, index.FileName), overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private bool IsHere(AcceptedIndex index) => new FileInfo(Path.Join(_directory, index.FileName)) is { Exists: true } file && file.Length == index.Size;

    private void Accept(AcceptedSuite accepted, byte[] payload)
    {
        File.WriteAllBytes(Path.Join(_directory, "Release"), payload);
        accepted.Write(_directory);
        Accepted = accepted;
        var kept = accepted.Indices.Select(index => index.FileName).ToHashSet();
        foreach (var file in Directory.GetFiles(_directory, "Packages-*"))
            if (!kept.Contains(Path.GetFileName(file))) File.Delete(file);
        ImportLog.SuiteAccepted(_logger, Source.Name, accepted.Date, string.Join(", ", accepted.Signers));
    }
}
