namespace SwarmFS.Mount;

/// <summary>
/// What the kernel was told lately, in a fixed amount of memory. Both answers are hints: an owner is checked by who asks, and "told" may be true of a name that only shares its
/// place with one that was.
/// </summary>
internal sealed class GivenNumbers
{
    /// <summary>Places for owners: 256 KiB, room for the versions and links of half a suite of Debian.</summary>
    private const int Owners = 1 << 16;

    /// <summary>Places for names: two bits each, 128 KiB; with 63,440 names told one in eight is told wrongly, which costs one notification.</summary>
    private const int Names = 1 << 19;

    private const int NamesPerWord = 16;

    /// <summary>Bits of a name's number that an owner is remembered by; all of them beyond these are looked at then.</summary>
    private const int OwnerShift = 27;

    private readonly uint[] _owners = new uint[Owners];
    private readonly int[] _told = new int[Names / NamesPerWord];

    /// <summary>Notes which name a link or version belongs to.</summary>
    public void Give(NodeNumber number, NodeNumber name) => Volatile.Write(ref _owners[number.Value % Owners], (uint)(name.Value >> OwnerShift));

    /// <summary>The range of numbers in which the name lies that this link or version belongs to, if it was given lately.</summary>
    public (ulong First, ulong Last) OwnersOf(NodeNumber number)
    {
        var bits = Volatile.Read(ref _owners[number.Value % Owners]);
        var first = NodeNumber.FirstName.Value | ((ulong)bits << OwnerShift);
        return (first, first | ((1UL << OwnerShift) - 1));
    }

    /// <summary>Notes that the kernel may hold this name, as one that exists or one that does not.</summary>
    public void Tell(NodeNumber name, bool exists)
    {
        var (word, bit) = Place(name, exists);
        if ((Volatile.Read(ref _told[word]) & bit) == 0) Interlocked.Or(ref _told[word], bit);
    }

    public bool WasTold(NodeNumber name, bool exists)
    {
        var (word, bit) = Place(name, exists);
        return (Volatile.Read(ref _told[word]) & bit) != 0;
    }

    private static (int Word, int Bit) Place(NodeNumber name, bool exists)
    {
        var place = (int)(name.Value % Names);
        return (place / NamesPerWord, 1 << ((2 * (place % NamesPerWord)) + (exists ? 1 : 0)));
    }
}
