using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Mount;

/// <summary>What an inode number stands for. The values up to 7 stand in the number.</summary>
internal enum NodeKind : byte
{
    /// <summary><c>at/&lt;moment&gt;</c> (index 0) and <c>at/&lt;moment&gt;/pkgs</c> (index 1).</summary>
    Moment,

    /// <summary><c>at/&lt;moment&gt;/pkgs/&lt;name&gt;</c>.</summary>
    PastName,

    /// <summary><c>pkgs/&lt;name&gt;</c>.</summary>
    Name,

    /// <summary><c>pkgs/&lt;name&gt;/latest</c> with one particular target.</summary>
    Latest,

    /// <summary>A file of <c>.status/</c> with one particular content.</summary>
    Status,

    /// <summary>A version below <c>pkgs/</c> that nobody had unpacked when it was first shown.</summary>
    Unresolved,

    /// <summary><c>latest</c> below a moment.</summary>
    PastLatest,

    /// <summary>A version below a moment that nobody had unpacked then.</summary>
    PastUnresolved,

    /// <summary>One of the directories that are always there.</summary>
    Fixed,

    /// <summary>An entry of a package tree.</summary>
    Package,

    /// <summary>A package tree as one file.</summary>
    Image,
}

/// <summary>
/// An inode number is a function of what it names, so nothing has to be remembered for the kernel, nothing is lost in a restart, and a FORGET costs nothing.
/// <code>
/// fixed    0 | 0 ............................................ | 1..5
/// package  0 | 0 | slot 24 bits (1..) | row 21 bits, all of them set for the image | view 17 bits
/// past     0 | 1 | kind 3 bits  | a day's? 1 bit | seconds since 1970 32 bits | index of the name 18 bits | release, newest first 8 bits
/// others   0 | 1 | kind 3 bits  | first 59 bits of a SHA-256 of the name
/// </code>
/// Bit 63 stays clear: some programs print inode numbers signed. A moment's state never changes, so an index in it is a name, and the number alone says where to look. The view
/// tells apart the places under which one root is shown, for the kernel allows a directory one place only; files and symlinks have view 0 everywhere, so that all places share
/// their pages. The row stands above the view, so that within one root numbers rise in the order in which contents are fetched ahead: who takes a directory's entries by number, as cp and rm do,
/// takes them in that order.
/// </summary>
internal readonly record struct NodeNumber(ulong Value)
{
    private const int RowBits = 21;
    private const int SlotBits = 24;
    private const int ViewBits = 17;
    private const int SlotShift = RowBits + ViewBits;

    /// <summary>A row that no tree has: they have half as many at most.</summary>
    private const int ImageRow = (1 << RowBits) - 1;

    private const uint ViewCount = 1 << ViewBits;
    private const ulong Named = 1UL << 62;
    private const int NamedKindShift = 59;
    private const int DayShift = 58;
    private const int SecondsShift = 26;
    private const int IndexShift = 8;

    /// <summary>Names that a state of the past can show: four times what a suite of Debian has.</summary>
    public const int PastNamesMax = 1 << (SecondsShift - IndexShift);

    /// <summary>Releases of a name that a state of the past can show: the newest.</summary>
    public const int PastReleasesMax = 1 << IndexShift;

    public static NodeNumber Top => new(1);

    public static NodeNumber Packages => new(2);

    public static NodeNumber Cids => new(3);

    public static NodeNumber StatusDirectory => new(4);

    public static NodeNumber At => new(5);

    /// <summary>The least number that a name can have.</summary>
    public static NodeNumber FirstName => new(NamedBits(NodeKind.Name));

    public NodeKind Kind =>
        (Value & Named) != 0 ? (NodeKind)((Value >> NamedKindShift) & 7)
        : Slot == 0 ? NodeKind.Fixed
        : Row == ImageRow ? NodeKind.Image
        : NodeKind.Package;

    public uint Slot => (uint)(Value >> SlotShift) & ((1u << SlotBits) - 1);

    public int Row => (int)(Value >> ViewBits) & ((1 << RowBits) - 1);

    public uint View => (uint)Value & (ViewCount - 1);

    /// <summary>The root's place below <c>cid/</c>.</summary>
    public const uint CidView = 0;

    /// <summary>
    /// The root's place as this version of this name: a number from 1, hashed, since a root shows up under more than one name only seldom. Under the days of the past it does so
    /// regularly, and has another view on each.
    /// </summary>
    public static uint ViewOf(string name, string version, Moment? at = null)
    {
        var place = at is not { } moment ? 0 : moment.IsDay ? 1 + moment.Day : moment.Seconds;
        return 1 + (uint)((Hash(name, version, default) + place) % (ViewCount - 1));
    }

    public static NodeNumber Directory(uint slot, uint view, int row) => new(((ulong)slot << SlotShift) | ((ulong)row << ViewBits) | view);

    /// <summary>A file or symlink; <paramref name="row"/> is the leader of its hard links.</summary>
    public static NodeNumber Leaf(uint slot, int row) => Directory(slot, CidView, row);

    public static NodeNumber Image(uint slot) => Leaf(slot, ImageRow);

    public static NodeNumber Of(NodeKind kind, ReadOnlySpan<byte> name) =>
        new(NamedBits(kind) | (Sha256Digest.Of(name).Prefix >> (64 - NamedKindShift)));

    public static NodeNumber Of(NodeKind kind, string name, string version) => new(NamedBits(kind) | (Hash(name, version, default) >> (64 - NamedKindShift)));

    /// <summary>A version that nobody has unpacked: its number holds when somebody does, and until it comes from another archive.</summary>
    public static NodeNumber OfUnresolved(Release release) =>
        new(NamedBits(NodeKind.Unresolved) | (Hash(release.Name, release.Version, release.Artifact?.Sha256 ?? default) >> (64 - NamedKindShift)));

    /// <summary>Something below a moment.</summary>
    /// <param name="index">Of the name in the moment's state, or which of the two directories above the names.</param>
    /// <param name="release">Counted from the newest.</param>
    public static NodeNumber OfPast(NodeKind kind, Moment moment, int index, int release) =>
        new(NamedBits(kind) | (moment.IsDay ? 1UL << DayShift : 0) | ((ulong)moment.Seconds << SecondsShift) | ((ulong)index << IndexShift) | (uint)release);

    public Moment Moment => new((uint)(Value >> SecondsShift), ((Value >> DayShift) & 1) != 0);

    public int PastIndex => (int)(Value >> IndexShift) & (PastNamesMax - 1);

    public int PastRelease => (int)Value & (PastReleasesMax - 1);

    private static ulong NamedBits(NodeKind kind) => Named | ((ulong)kind << NamedKindShift);

    private static ulong Hash(string name, string version, Sha256Digest artifact)
    {
        var length = Encoding.UTF8.GetByteCount(name) + 1 + Encoding.UTF8.GetByteCount(version) + Sha256Digest.Length;
        var text = length <= 512 ? stackalloc byte[length] : new byte[length];
        var at = Encoding.UTF8.GetBytes(name, text);
        text[at++] = 0;
        at += Encoding.UTF8.GetBytes(version, text[at..]);
        artifact.CopyTo(text[at..]);
        return Sha256Digest.Of(text).Prefix;
    }
}
