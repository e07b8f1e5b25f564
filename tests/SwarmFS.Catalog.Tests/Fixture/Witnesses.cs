using System.Text;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

/// <summary>Witnesses in memory that cosign what extends what they saw, by the test's clock. Each can be down.</summary>
internal sealed class Witnesses : ICosigners, IDisposable
{
    private readonly TimeProvider _time;
    private readonly List<(Ed25519PrivateKey Key, Cosigner Cosigner)> _all = [];

    public Witnesses(TimeProvider time, int count, int quorum)
    {
        _time = time;
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var key = Ed25519PrivateKey.FromSeed([.. Enumerable.Repeat((byte)(200 + i), 32)]);
            _all.Add((key, new Cosigner($"witness.example/{i}", key)));
            text.Append($"witness w{i} {_all[i].Cosigner.VerifierKey}\n");
        }
        text.Append($"group all {quorum} {string.Join(' ', Enumerable.Range(0, count).Select(i => $"w{i}"))}\nquorum all\n");
        Policy = TlogPolicy.TryRead(Encoding.ASCII.GetBytes(text.ToString()), out var policy, out var error) ? policy : throw new InvalidOperationException(error);
    }

    public TlogPolicy Policy { get; }

    public HashSet<int> Down { get; } = [];

    /// <summary>The checkpoints that were asked about, with their old sizes.</summary>
    public List<(SignedNote Note, long OldSize)> Requests { get; } = [];

    public Task<Cosignatures> GatherAsync(CosigningRequest request, CancellationToken cancellationToken)
    {
        Requests.Add((request.Note, request.OldSize));
        var now = _time.GetUtcNow();
        return Task.FromResult(new Cosignatures(
            [.. Enumerable.Range(0, _all.Count).Where(i => !Down.Contains(i)).Select(i => _all[i].Cosigner.Cosign(request.Note.Text, now))], [.. Down.Order().Select(i => $"witness.example/{i}: it is down")]));
    }

    public void Dispose() => _all.ForEach(witness => witness.Key.Dispose());
}
