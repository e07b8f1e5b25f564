namespace SwarmFS.Core;

/// <summary>One extended attribute of an entry, as recorded in the source: <c>security.capability</c> of a .deb's file, say.</summary>
/// <param name="Name">1–255 bytes without NUL, with its namespace prefix.</param>
/// <param name="Value">0–4,096 bytes.</param>
public sealed record Xattr(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value);
