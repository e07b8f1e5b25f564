namespace SwarmFS.Wire;

/// <summary>What a frame is. The value is its first byte on the wire.</summary>
public enum FrameKind : byte
{
    None = 0x00,

    Hello = 0x01,
    HelloOk = 0x02,
    Ping = 0x03,
    Pong = 0x04,
    Goodbye = 0x05,

    GetAddresses = 0x10,
    Addresses = 0x11,

    GetRecords = 0x20,
    Records = 0x21,

    GetHoldings = 0x30,
    Holdings = 0x31,

    Want = 0x40,
    Block = 0x41,
    DontHave = 0x42,
    Tree = 0x43,
    End = 0x44,
    Cancel = 0x45,
    Compressed = 0x46,
}
