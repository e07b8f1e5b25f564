using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class FormatTests
{
    private static readonly Gen<int> Seeds = Gen.Choose(0, int.MaxValue - 1);

    private static List<ListedBlock> SomeBlocks(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new ListedBlock(Sha256Digest.Of([(byte)i]), 64 + i * 100, i, i % 2 == 0 ? CidCodec.Raw : CidCodec.MessagePack))];

    [Fact]
    public void An_index_says_again_what_was_written_into_it()
    {
        var blocks = SomeBlocks(50);
        PackFormat.TryDecodeIndex(PackFormat.EncodeIndex(blocks, 100_000), 100_000).ShouldBe(blocks);
        PackFormat.TryDecodeIndex(PackFormat.EncodeIndex(blocks, 100_000), 100_001).ShouldBeNull("it is of another pack, or the pack was appended to");
        PackFormat.TryDecodeIndex(PackFormat.EncodeIndex([], 16), 16).ShouldBeEmpty();
    }

    [Fact]
    public void An_index_whose_hash_is_right_and_whose_entries_lead_out_of_the_pack_is_refused()
    {
        ListedBlock[] wilds =
        [
            new(default, 99_999, 2, CidCodec.Raw), new(default, -1, 2, CidCodec.Raw),
            new(default, 100, Block.MaxLength + 1, CidCodec.Raw), new(default, 100, 1, CidCodec.None),
        ];
        foreach (var wild in wilds)
            PackFormat.TryDecodeIndex(PackFormat.EncodeIndex([wild], 100_000), 100_000).ShouldBeNull(wild.ToString());
    }

    [Fact]
    public void A_changed_or_cut_index_is_refused() => Prop.ForAll(Seeds.ToArbitrary(), seed =>
    {
        var bytes = PackFormat.EncodeIndex(SomeBlocks(20), 100_000);
        PackFormat.TryDecodeIndex(Mutated(bytes, seed), 100_000).ShouldBeNull();
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_changed_or_cut_list_of_chunks_is_refused_or_tells_another_presence() => Prop.ForAll(Seeds.ToArbitrary(), seed =>
    {
        var list = new ChunkList(Content.Layout(Content.Chunks(10, 100, seed: 1)), [1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
        var bytes = list.Encode();
        ChunkList.TryDecode(bytes)!.Presence.ShouldBe(list.Presence);
        if (ChunkList.TryDecode(Mutated(bytes, seed)) is not { } other) return;
        other.Layout.Size.ShouldBe(list.Layout.Size);
        other.Layout.File.ShouldBe(list.Layout.File);
        other.Presence.ShouldNotBe(list.Presence);
    }).QuickCheckThrowOnFailure();

    private static byte[] Mutated(byte[] bytes, int seed)
    {
        var random = new Random(seed);
        var copy = bytes.AsSpan(0, random.Next(3) == 0 ? random.Next(bytes.Length) : bytes.Length).ToArray();
        if (copy.Length == bytes.Length) copy[random.Next(copy.Length)] ^= (byte)(1 << random.Next(8));
        return copy;
    }

    [Fact]
    public void Random_bytes_are_no_record() => Prop.ForAll(Seeds.ToArbitrary(), seed =>
    {
        var bytes = new byte[48];
        new Random(seed).NextBytes(bytes);
        PackFormat.TryReadRecordHeader(bytes, out _, out _, out _).ShouldBeFalse();
        PackFormat.WriteRecordHeader(bytes, Sha256Digest.Of(bytes), CidCodec.Raw, 77);
        PackFormat.TryReadRecordHeader(bytes, out _, out _, out var length).ShouldBeTrue();
        length.ShouldBe(77);
        bytes[seed % 20] ^= (byte)(1 << (seed % 8));
        PackFormat.TryReadRecordHeader(bytes, out _, out _, out _).ShouldBeFalse();
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_index_in_memory_does_what_a_dictionary_does() => Prop.ForAll(Seeds.ToArbitrary(), seed =>
    {
        var random = new Random(seed);
        var (index, model) = (new BlockIndex((ulong)seed), new Dictionary<Sha256Digest, BlockPlace>());
        for (var i = 0; i < 3000; i++)
        {
            var digest = Sha256Digest.Of(BitConverter.GetBytes(random.Next(400)));
            var place = new BlockPlace(1 + random.Next(5), random.Next(), random.Next(1 << 20), BlockFlags.None);
            if (random.Next(2) == 0) index.TryAdd(digest, place).ShouldBe(model.TryAdd(digest, place));
            else if (model.Remove(digest, out var old)) index.Remove(digest, old).ShouldBeTrue();
            index.TryFind(digest, out var found).ShouldBe(model.ContainsKey(digest));
            if (model.TryGetValue(digest, out var expected)) found.Without(BlockFlags.Marked).ShouldBe(expected);
        }
        index.Count.ShouldBe(model.Count);
        index.Bytes.ShouldBe(model.Values.Sum(place => (long)place.Length));
        model.Count(pair => index.TryFind(pair.Key, out _)).ShouldBe(model.Count);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_block_costs_60_to_75_bytes_of_memory_in_the_index()
    {
        const int count = 200_000;
        var index = new BlockIndex(1);
        for (var i = 0; i < count; i++) index.TryAdd(Sha256Digest.Of(BitConverter.GetBytes(i)), new BlockPlace(1, i, 1, BlockFlags.None));
        var each = (double)index.MemoryBytes / count;
        each.ShouldBeInRange(60, 76);
    }
}
