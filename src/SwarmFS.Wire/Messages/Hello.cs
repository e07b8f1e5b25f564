using SwarmFS.Core;

namespace SwarmFS.Wire;

/// <summary>What a node offers beyond blocks.</summary>
[Flags]
public enum PeerServices : byte
{
    None = 0,
    Index = 1,
    Gateway = 2,
    Light = 4,
}

// HELLO := { 1: [u version], 2: bin32 node id, 3: u64 nonce, 4: [address], 5: u8 services, 6: [str compression], 7: str software }
// Unknown keys are passed over. All seven are always there.

/// <summary>The first frame of either side.</summary>
/// <param name="Nonce">Random at each start of the node: tells a connection to oneself, and a restarted node from a second connection.</param>
/// <param name="Listen">Where the sender takes connections; an unspecified address stands for "where you see me", with this port.</param>
/// <param name="Compressions">Names of what the sender can unpack in COMPRESSED, best first; <see cref="CompressedPrefix.Zstd"/> is the one that exists.</param>
public sealed record Hello(
    uint[] Versions, Sha256Digest NodeId, ulong Nonce, PeerAddress[] Listen, PeerServices Services, string[] Compressions, string Software) : IWireMessage<Hello>
{
    private const int Keys = 7;

    /// <summary>What a newer node may add beside what we know.</summary>
    private const int MostKeys = 16;

    public static FrameKind Kind => FrameKind.Hello;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteMapHeader(Keys);
        writer.WriteKey(1);
        writer.WriteArrayHeader(Versions.Length);
        foreach (var version in Versions) writer.WriteUInt64(version);
        writer.WriteKey(2);
        writer.WriteDigest(NodeId);
        writer.WriteKey(3);
        writer.WriteUInt64(Nonce);
        writer.WriteKey(4);
        writer.WriteArrayHeader(Listen.Length);
        foreach (var address in Listen) address.Write(writer);
        writer.WriteKey(5);
        writer.WriteUInt64((byte)Services);
        writer.WriteKey(6);
        writer.WriteArrayHeader(Compressions.Length);
        foreach (var compression in Compressions) writer.WriteString(compression);
        writer.WriteKey(7);
        writer.WriteString(Software);
    }

    public static Hello ReadBody(ref MessagePackReader reader)
    {
        uint[]? versions = null;
        Sha256Digest? nodeId = null;
        ulong? nonce = null;
        PeerAddress[]? listen = null;
        PeerServices? services = null;
        string[]? compressions = null;
        string? software = null;
        var map = reader.ReadMapHeader(MostKeys);
        while (map.Next(ref reader, out var key))
        {
            switch (key)
            {
                case 1: versions = ReadVersions(ref reader); break;
                case 2: nodeId = reader.ReadDigest(); break;
                case 3: nonce = reader.ReadUInt64(); break;
                case 4: listen = PeerAddress.ReadArray(ref reader, WireLimits.ListenAddresses); break;
                case 5: services = (PeerServices)reader.ReadInt32(byte.MaxValue); break;
                case 6: compressions = ReadTexts(ref reader); break;
                case 7: software = reader.ReadString(WireLimits.TextLength); break;
                default: reader.Skip(); break;
            }
        }
        if (versions is null || nodeId is null || nonce is null || listen is null || services is null || compressions is null || software is null)
            throw reader.Refuse("one of the keys 1 to 7 is missing");
        return new Hello(versions, nodeId.Value, nonce.Value, listen, services.Value, compressions, software);
    }

    private static uint[] ReadVersions(ref MessagePackReader reader)
    {
        var versions = new uint[reader.ReadArrayHeader(WireLimits.OffersPerHello)];
        for (var i = 0; i < versions.Length; i++) versions[i] = reader.ReadUInt32();
        return versions;
    }

    private static string[] ReadTexts(ref MessagePackReader reader)
    {
        var texts = new string[reader.ReadArrayHeader(WireLimits.OffersPerHello)];
        for (var i = 0; i < texts.Length; i++) texts[i] = reader.ReadString(WireLimits.TextLength);
        return texts;
    }
}

// HELLO-OK := [u version]

/// <summary>"I accept you": the only thing that makes a connection one.</summary>
/// <param name="Version">The highest version that both offer.</param>
public readonly record struct HelloOk(uint Version) : IWireMessage<HelloOk>
{
    public static FrameKind Kind => FrameKind.HelloOk;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(1);
        writer.WriteUInt64(Version);
    }

    public static HelloOk ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(1);
        return new HelloOk(reader.ReadUInt32());
    }
}
