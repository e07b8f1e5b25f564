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

    /// <summary>The checkpoint that is believed.</summary>
    public Checkpoint? Checkpoint => _own is null ? _followed!.Checkpoint : _own.Note is { } note && Checkpoint.TryRead(note.Text, out var checkpoint, out _) ? checkpoint : null;

    public SignedNote? Note => _own is not null ? _own.Note : _followed!.Note;

    public ForkEvidence? Fork => _followed?.Fork;

    /// <summary>Why nothing that is held of the log is believed, or null.</summary>
    public string? Refusal => _followed?.Refusal;
}
