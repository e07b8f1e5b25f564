using System.Buffers.Binary;
using SwarmFS.Signing;

namespace SwarmFS.Transparency;

/// <summary>
/// The Ed25519 form of a witness's signature (C2SP tlog-cosignature, type 0x04): <c>u64 seconds since 1970, big-endian; 64 bytes signature</c>, the signature being over
/// "cosignature/v1", the line "time &lt;seconds&gt;" and the checkpoint's text.
/// </summary>
internal static class Cosignature
{
    internal const string Header = "cosignature/v1\n";

    private const int TimeLength = sizeof(ulong);
    private const int Length = TimeLength + Ed25519PublicKey.SignatureLength;

    /// <summary>The last second of the year 9999. C2SP allows more, and allows to refuse what lies in the future.</summary>
    private const ulong MaxTime = 253402300799;

    private static byte[] Message(string text, ulong seconds) => StrictText.ToBytes($"{Header}time {StrictText.Decimal((long)seconds)}\n{text}");

    internal static byte[] Make(Ed25519PrivateKey key, string text, DateTimeOffset time)
    {
        var seconds = (ulong)time.ToUnixTimeSeconds();
        var cosignature = new byte[Length];
        BinaryPrimitives.WriteUInt64BigEndian(cosignature, seconds);
        key.Sign(Message(text, seconds)).CopyTo(cosignature.AsSpan(TimeLength));
        return cosignature;
    }

    internal static bool TryVerify(Ed25519PublicKey key, string text, ReadOnlySpan<byte> cosignature, out DateTimeOffset? time)
    {
        time = null;
        if (cosignature.Length != Length) return false;
        var seconds = BinaryPrimitives.ReadUInt64BigEndian(cosignature);
        if (seconds > MaxTime || !key.Verify(Message(text, seconds), cosignature[TimeLength..])) return false;
        time = DateTimeOffset.FromUnixTimeSeconds((long)seconds);
        return true;
    }
}
