using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Mount;

/// <summary>What an inode number stands for.</summary>
internal enum NodeKind : byte
{
    /// <summary>One of the four directories that are always there.</summary>
    Fixed,

    /// <summary>An entry of a package tree.</summary>
    Package,

    /// <summary><c>pkgs/&lt;name&gt;</c>.</summary>
    Name,

    /// <summary><c>pkgs/&lt;name&gt;/latest</c> with one particular target.</summary>
    Latest,

    /// <summary>A file of <c>.status/</c> with one particular content.</summary>
    Status,

    /// <summary>A version that is listed and of which not even the root is known yet. Never looked up.</summary>
    Unresolved,
}

/// <summary>
/// An inode number is a function of what it names, so nothing has to be remembered for the kernel, nothing is lost in a restart, and a FORGET costs nothing.
/// <code>
/// fixed    0 | 0 ............................................ | 1..4
/// package  0 | 0 | view 17 bits | slot 24 bits (1..) | row 21 bits
/// others   0 | 1 | kind 3 bits  | first 59 bits of a SHA-256 of the name
/// </code>
/// Bit 63 stays clear: some programs print inode numbers signed. The view tells apart the places under which one root is shown, for the kernel allows a directory one place
/// only; files and symlinks have view 0 everywhere, so that all places share their pages.
/// </summary>
internal readonly record struct NodeNumber(ulong Value)
{
    private const int RowBits = 21;
    private const int SlotBits = 24;
    private const int ViewShift = RowBits + SlotBits;
    private const uint ViewCount = 1 << 17;
    private const ulong Named = 1UL << 62;
    private const int NamedKindShift = 59;

    public static NodeNumber Top => new(1);

    public static NodeNumber Packages => new(2);

    public static NodeNumber Cids => new(3);

    public static NodeNumber StatusDirectory => new(4);

    public NodeKind Kind =>
        (Value & Named) != 0 ? (NodeKind)((Value >> NamedKindShift) & 7)
        : Slot == 0 ? NodeKind.Fixed
        : NodeKind.Package;

    public uint Slot => (uint)(Value >> RowBits) & ((1u << SlotBits) - 1);

    public int Row => (int)(Value & ((1u << RowBits) - 1));

    public uint View => (uint)(Value >> ViewShift) & (ViewCount - 1);

    /// <summary>The root's place below <c>cid/</c>.</summary>
    public const uint CidView = 0;

    /// <summary>The root's place as this version of this name: a number from 1, hashed, since a root shows up under more than one name only seldom.</summary>
    public static uint ViewOf(string name, string version) => 1 + (uint)(Hash(name, version) % (ViewCount - 1));

    public static NodeNumber Directory(uint slot, uint view, int row) => new(((ulong)view << ViewShift) | ((ulong)slot << RowBits) | (uint)row);

    /// <summary>A file or symlink; <paramref name="row"/> is the leader of its hard links.</summary>
    public static NodeNumber Leaf(uint slot, int row) => new(((ulong)slot << RowBits) | (uint)row);

    public static NodeNumber Of(NodeKind kind, ReadOnlySpan<byte> name) =>
        new(Named | ((ulong)kind << NamedKindShift) | (Sha256Digest.Of(name).Prefix >> (64 - NamedKindShift)));

    public static NodeNumber Of(NodeKind kind, string name, string version) =>
        new(Named | ((ulong)kind << NamedKindShift) | (Hash(name, version) >> (64 - NamedKindShift)));

    private static ulong Hash(string name, string version)
    {
        var length = Encoding.UTF8.GetByteCount(name) + 1 + Encoding.UTF8.GetByteCount(version);
        var text = length <= 512 ? stackalloc byte[length] : new byte[length];
        var at = Encoding.UTF8.GetBytes(name, text);
        text[at++] = 0;
        Encoding.UTF8.GetBytes(version, text[at..]);
        return Sha256Digest.Of(text).Prefix;
    }
}
