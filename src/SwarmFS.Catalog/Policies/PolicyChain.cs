using System.Globalization;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>What is kept of the policy is damaged, or a part of it is lost: no policy is better than a wrong one, and the node's owner must look.</summary>
public sealed class PolicyDamagedException(string message) : IOException(message);

/// <summary>How an attempt to change a node's policy ended.</summary>
/// <param name="Policy">In force now; null when there is none yet.</param>
/// <param name="RemovedLogs">Logs of the policy before that this one does not name: what is held of them may be dropped, also when they have run ahead of any true log.</param>
/// <param name="Refusal">Why nothing was changed; null when it was.</param>
public sealed record PolicyStep(PolicyFile? Policy, IReadOnlyList<VerifierKey> RemovedLogs, string? Refusal);

/// <summary>
/// The policy that a node follows, and the versions that led to it (the rules are those of TUF's root metadata, specification 5.3). The first one is trusted because the node's owner says so;
/// after that each version must be the next one and be signed by the thresholds of its own keys and of those before it, so that a policy can only be replaced by those whom it names.
/// <para>State: <c>policy/policy.N</c> for every version and <c>policy/newest</c> with the number that counts, written last: an update is taken whole or not at all, whatever ends it. Before the
/// first version it says that none counts, so that versions without it are a loss and never an update that was cut off.</para>
/// Safe from any thread.
/// </summary>
public sealed class PolicyChain
{
    /// <summary>Versions that one update may bring. With one a day it is most of a year missed.</summary>
    public const int StepsMax = 256;

    private const string NewestFile = "policy/newest";

    private const string NoneCounts = "none\n";

    private readonly IStateFiles _files;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private SignedPolicy? _current;

    /// <summary>Reads what was kept.</summary>
    /// <param name="hasVersions">Whether something lies where the versions are kept, which only the owner of the disk can tell.</param>
    /// <exception cref="PolicyDamagedException">See there.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public PolicyChain(IStateFiles files, bool hasVersions, TimeProvider time)
    {
        (_files, _time) = (files, time);
        var newest = files.Read(NewestFile);
        if (newest is null && !hasVersions) return;
        var version = newest is null ? "" : Encoding.Latin1.GetString(newest);
        if (version == NoneCounts) return;
        var bytes = version.EndsWith('\n') && IsNumber(version[..^1]) ? files.Read(NameOf(version[..^1])) : null;
        if (bytes is null || !SignedPolicy.TryRead(bytes, out _current, out _) || !_current.IsSignedFor(_current.Policy, out _))
            throw new PolicyDamagedException("The policy that this node follows is damaged: restore the directory catalogue/policy/ of its state from a backup. If it is to follow none from now on, remove what is there.");
    }

    /// <summary>In force; null before the first. It may have expired since it was taken.</summary>
    public PolicyFile? Current => Volatile.Read(ref _current)?.Policy;

    /// <summary>A version as it was signed, for others who have to catch up; null when it is not held.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public byte[]? Read(long version) => version >= 1 && version <= Current?.Version ? _files.Read(NameOf(version.ToString(CultureInfo.InvariantCulture))) : null;

    /// <summary>Takes a first policy, of any version, on the word of the node's owner.</summary>
    /// <exception cref="IOException">It cannot be kept; nothing has changed.</exception>
    public PolicyStep Trust(ReadOnlyMemory<byte> first)
    {
        lock (_gate)
        {
            if (_current is { } current) return Refuse($"version {current.Policy.Version} of a policy is in force already");
            if (!SignedPolicy.TryRead(first.Span, out var policy, out var error) || !policy.IsSignedFor(policy.Policy, out error)) return Refuse(error);
            return Take([policy]);
        }
    }

    /// <summary>Follows an update: the versions after the one in force, in order. The expiry of all but the last does not matter.</summary>
    /// <exception cref="IOException">It cannot be kept; nothing has changed.</exception>
    public PolicyStep Advance(IReadOnlyList<ReadOnlyMemory<byte>> versions)
    {
        lock (_gate)
        {
            if (_current is not { } last) return Refuse("no policy is in force that could be followed by another");
            if (versions.Count is 0 or > StepsMax) return Refuse($"an update has 1 to {StepsMax} versions, not {versions.Count}");
            var steps = new List<SignedPolicy>();
            foreach (var bytes in versions)
            {
                if (!SignedPolicy.TryRead(bytes.Span, out var next, out var error)) return Refuse($"what should be version {last.Policy.Version + 1} is no policy: {error}");
                if (!next.Follows(last.Policy, out error)) return Refuse(error);
                steps.Add(next);
                last = next;
            }
            return Take(steps);
        }
    }

    private PolicyStep Take(List<SignedPolicy> steps)
    {
        var newest = steps[^1];
        if (newest.Policy.IsExpired(_time.GetUtcNow())) return Refuse($"version {newest.Policy.Version} expired at {RecordLines.Show(newest.Policy.Expires!.Value)}");
        var removed = _current is null ? [] : _current.Policy.Logs.Except(newest.Policy.Logs).ToList();
        if (_current is null) _files.Replace(NewestFile, Encoding.ASCII.GetBytes(NoneCounts));
        foreach (var step in steps) _files.Replace(NameOf(step.Policy.Version.ToString(CultureInfo.InvariantCulture)), step.Note.ToBytes());
        _files.Replace(NewestFile, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{newest.Policy.Version}\n")));
        Volatile.Write(ref _current, newest);
        return new PolicyStep(newest.Policy, removed, Refusal: null);
    }

    private PolicyStep Refuse(string reason) => new(_current?.Policy, [], reason);

    private static bool IsNumber(string text) => text.Length is > 0 and <= 19 && !text.AsSpan().ContainsAnyExceptInRange('0', '9');

    private static string NameOf(string version) => $"policy/policy.{version}";
}
