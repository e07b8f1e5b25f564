using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>A log of the policy as confirmation sees it, the own one like the others: how many entries count and what they say.</summary>
internal sealed class LogView
{
    private readonly ImporterLog? _own;
    private readonly FollowedLog? _followed;

    public LogView(ImporterLog own) => _own = own;

    public LogView(FollowedLog followed) => _followed = followed;

    public bool IsOwn => _own is not null;

    public VerifierKey Log => _own?.VerifierKey ?? _followed!.Log;

    public LogState State => _own?.State ?? _followed!.State;

    /// <summary>Entries under a checkpoint that the policy's witnesses have seen.</summary>
    public long Entries => _own?.PublishedEntries ?? _followed!.Entries;

    public SignedNote? Note => _own is not null ? _own.Note : _followed!.Note;

    public ForkEvidence? Fork => _followed?.Fork;
}
