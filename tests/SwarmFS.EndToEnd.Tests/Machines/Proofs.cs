using System.Text;
using SwarmFS.Transparency;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>Proofs of entries (C2SP tlog-proof), checked without a node.</summary>
public static class Proofs
{
    /// <param name="log">The key of the log, as <c>swarmfs id</c> prints it.</param>
    public static void ShouldProve(string proof, string record, string log)
    {
        VerifierKey.TryParse(log, out var key, out var reason).ShouldBeTrue(reason);
        TlogProof.TryRead(Encoding.UTF8.GetBytes(proof), out var read, out reason).ShouldBeTrue(reason);
        read!.Verify(key!, MerkleHash.OfLeaf(Encoding.UTF8.GetBytes(record)), out reason).ShouldBeTrue(reason);
    }
}
