using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>
/// Frames that have come and are not acted on yet. Where several blocks are hashed faster together (<see cref="BlockHasher.GainsBySeveral"/>) what is there without waiting is
/// gathered; elsewhere one frame is a full batch.
/// </summary>
internal sealed class FrameBatch(bool gathers)
{
    /// <summary>
    /// Sixteen blocks of the usual 256 KiB: with AVX2 two for each lane of the hasher, so that long and short ones even out: reckoned with the lengths that chunks have, 970 MB/s, and with half
    /// as many 650.
    /// </summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Small blocks make lanes of unequal length: many for each lane even that out.</summary>
    private const int MaxFrames = BlockHasher.MostAtOnce;

    private readonly BlockHasher _hasher = new();
    private readonly List<Frame> _frames = [];
    private readonly List<RentedBytes> _bodies = [];
    private HashedBytes[] _hashed = new HashedBytes[1];
    private long _bytes;

    public bool IsFull => _frames.Count > 0 && (!gathers || _frames.Count >= MaxFrames || _bytes >= MaxBytes);

    /// <summary>Takes the frame over, its body with it.</summary>
    public void Add(in Frame frame)
    {
        _frames.Add(frame);
        _bytes += frame.Body.Length;
    }

    /// <summary>Acts on all frames in the order they came, up to the first at which something was wrong; those behind it are given back.</summary>
    /// <param name="onBlock">Takes the frame and its hashed body over; returns what was wrong, or null.</param>
    /// <param name="onOther">The same for all other kinds.</param>
    /// <returns>What was wrong, or null.</returns>
    public string? Act(Func<Frame, HashedBytes, string?> onBlock, Func<Frame, string?> onOther)
    {
        if (_frames.Count == 0) return null;
        Hash();
        string? offence = null;
        var (frame, block) = (0, 0);
        try
        {
            while (frame < _frames.Count && offence is null)
            {
                var next = _frames[frame++];
                offence = next.Header.Kind == FrameKind.Block ? onBlock(next, _hashed[block++]) : onOther(next);
            }
            return offence;
        }
        finally
        {
            for (; frame < _frames.Count; frame++) _frames[frame].Body.Return();
            _frames.Clear();
            _bytes = 0;
        }
    }

    private void Hash()
    {
        _bodies.Clear();
        foreach (var frame in _frames)
            if (frame.Header.Kind == FrameKind.Block) _bodies.Add(frame.Body);
        if (_hashed.Length < _bodies.Count) _hashed = new HashedBytes[MaxFrames];
        _hasher.Hash(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bodies), _hashed);
    }
}
