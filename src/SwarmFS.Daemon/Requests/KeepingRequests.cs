using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Retrieval;
using SwarmFS.Store;

namespace SwarmFS.Daemon.Requests;

/// <summary><c>pin</c>, <c>unpin</c>, <c>gc</c>, <c>fsck</c>.</summary>
internal sealed class KeepingRequests(PackageFinder packages, ProvenCatalog? catalog, BlockStore store, PackageContent content, Activities activities)
{
    public async Task<PinReport> PinAsync(PinRequest request, IProgress<ProgressReport> progress, CancellationToken cancellationToken)
    {
        using var activity = activities.Begin("pin", request.Subject, progress);
        if (TrySplitChoice(request.Subject, out var name, out var version))
        {
            if (version.Length == 0) throw NoChoice(request.Subject);
            return await ChooseAsync(name, version, cancellationToken);
        }
        var found = await packages.FindAsync(request.Subject, cancellationToken);
        // What this node published keeps its reason: unpinning a person's wish must not let it go.
        var isNew = !store.Pins.Any(pin => pin.Root == found.Root);
        if (isNew) store.Pin(found.Root, "user");
        if (!request.Fetch) return Report(found, pinned: true, new Fetched(0, 0, 0));
        try
        {
            var fetched = await content.FetchAllAsync(found.Root, new Forward(activity, request.Subject), cancellationToken);
            store.Flush();
            return Report(found, pinned: true, new Fetched(fetched.FetchedBytes, fetched.MissingBlocks, fetched.UnkeptBlocks));
        }
        catch (ContentUnavailableException e)
        {
            if (!IsMalformed(found.Root)) throw new RequestException(ControlErrors.Unavailable, e.Message, "It is pinned: what is missing is fetched when it is read, or by pinning again.");
            if (isNew) store.Unpin(found.Root);
            throw;
        }
    }

    /// <summary>What is here of it is no part of any tree, whatever may still come.</summary>
    private bool IsMalformed(Cid root)
    {
        try
        {
            _ = TreeLoader.TryLoad(root, store, [], out _);
            return false;
        }
        catch (InvalidTreeException)
        {
            return true;
        }
    }

    public async Task<PinReport> UnpinAsync(PinRequest request, CancellationToken cancellationToken)
    {
        if (TrySplitChoice(request.Subject, out var name, out var version)) return LetGo(name, version);
        var found = await packages.FindAsync(request.Subject, cancellationToken);
        if (!store.Unpin(found.Root)) throw new RequestException(ControlErrors.NotFound, $"{request.Subject} is not pinned.");
        return Report(found, pinned: false, new Fetched(0, 0, 0));
    }

    /// <summary><c>NAME=VERSION</c>: which version <c>latest</c> is, by the user's own choice.</summary>
    private static bool TrySplitChoice(string subject, out string name, out string version)
    {
        var equals = subject.IndexOf('=');
        (name, version) = equals < 0 ? (subject, "") : (subject[..equals], PackageNames.ToPathVersion(subject[(equals + 1)..]));
        if (name.Length == 0) throw NoChoice(subject);
        return equals >= 0;
    }

    private static RequestException NoChoice(string subject) => new(ControlErrors.Usage, $"'{subject}' names no version.", "Write NAME=VERSION; swarmfs history NAME lists the versions.");

    private ProvenCatalog Choosing() =>
        catalog ?? throw new RequestException(ControlErrors.Refused, "A light node has no latest of its own choice.", "Name the version itself, or ask a node that was started without --light.");

    private async Task<PinReport> ChooseAsync(string name, string version, CancellationToken cancellationToken)
    {
        var release = await Choosing().PinAsync(name, version, allowRevoked: false, cancellationToken);
        return new PinReport(release.Root?.ToString() ?? "", release.Name, release.Version, true, 0, 0, 0);
    }

    private PinReport LetGo(string name, string version)
    {
        var pinned = Choosing().Pins.FirstOrDefault(release => release.Name == name && (version.Length == 0 || release.Version == version))
            ?? throw new RequestException(ControlErrors.NotFound, $"latest of {name} is not pinned{(version.Length == 0 ? "" : $" to {version}")}.", $"swarmfs ls pkgs/{name} shows where it points.");
        Choosing().Unpin(name);
        return new PinReport("", pinned.Name, pinned.Version, false, 0, 0, 0);
    }

    public async Task<CollectReport> CollectAsync(CancellationToken cancellationToken)
    {
        using var activity = activities.Begin("gc", "store", next: null);
        var report = await store.CollectAsync(cancellationToken);
        return new CollectReport(report.FreedBytes, report.EvictedBlocks, report.DiskBytes, store.Statistics.QuotaBytes);
    }

    public async Task<Control.CheckReport> CheckAsync(CheckRequest request, IProgress<ProgressReport> progress, CancellationToken cancellationToken)
    {
        using var activity = activities.Begin("fsck", "store", progress);
        var checkedReport = await store.CheckAsync(new ForwardCheck(activity), cancellationToken);
        var repaired = 0;
        if (request.Repair)
        {
            foreach (var damaged in checkedReport.Damaged)
            {
                activity.Report(new ProgressReport("repairing", damaged.Cid.ToShortString(), repaired, checkedReport.Damaged.Count, "blocks"));
                if (await IsRepairedAsync(damaged, cancellationToken)) repaired++;
            }
            store.Flush();
        }
        // A damaged block that no root here lists is gone, and nobody misses it.
        var needed = checkedReport.Damaged.Count(damaged => damaged.Roots.Count > 0 && !store.Contains(damaged.Cid));
        return new Control.CheckReport(
            checkedReport.Blocks, checkedReport.Bytes, [.. checkedReport.Damaged.Select(damaged => damaged.Cid.ToString())],
            [.. checkedReport.Incomplete.Select(pin => pin.Root.ToString())], repaired, Clean: needed == 0);
    }

    private async Task<bool> IsRepairedAsync(DamagedBlock damaged, CancellationToken cancellationToken)
    {
        if (damaged.Roots.Count == 0) return false;
        try
        {
            using var block = await content.GetBlockAsync(damaged.Roots[0], damaged.Cid, FetchPriority.Background, cancellationToken);
            return store.Contains(damaged.Cid);
        }
        catch (ContentUnavailableException)
        {
            return false;
        }
    }

    private static PinReport Report(FoundRoot found, bool pinned, Fetched fetched) =>
        new(found.Root.ToString(), found.Release?.Name, found.Release?.Version, pinned, fetched.Bytes, fetched.Missing, fetched.Unkept);

    private readonly record struct Fetched(long Bytes, long Missing, long Unkept);

    private sealed class Forward(IProgress<ProgressReport> next, string subject) : IProgress<FetchProgress>
    {
        public void Report(FetchProgress value) => next.Report(new ProgressReport("fetching", subject, value.Bytes, value.TotalBytes, "bytes"));
    }

    private sealed class ForwardCheck(IProgress<ProgressReport> next) : IProgress<CheckProgress>
    {
        public void Report(CheckProgress value) => next.Report(new ProgressReport("checking", "store", value.BytesChecked, value.Bytes, "bytes"));
    }
}
