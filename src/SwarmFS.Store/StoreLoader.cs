using System.Globalization;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Finds again what an earlier process left, however it ended. Trusts names, lists and headers only as to where blocks may be: each is verified at its first read.
/// </summary>
internal sealed class StoreLoader(StoreParts parts)
{
    private readonly List<(Container Container, DateTime Written)> _found = [];

    public void Load()
    {
        Directory.CreateDirectory(parts.Files, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(parts.Packs, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        LoadPacks();
        LoadFiles();
        foreach (var (container, _) in _found.OrderBy(found => found.Written)) parts.Containers.Add(container);
        foreach (var (container, _) in _found.Where(found => found.Container is FlatFile)) parts.Flats.Add((FlatFile)container);
    }

    private void LoadPacks()
    {
        var ids = new List<int>();
        foreach (var path in Directory.EnumerateFiles(parts.Packs))
        {
            if (TryReadId(path, Pack.Extension, out var id)) ids.Add(id);
            else if (!Accompanies(path, Pack.IndexExtension, Pack.Extension)) Sweep(path, "it belongs to nothing");
        }
        ids.Sort();
        foreach (var id in ids)
        {
            parts.Containers.Reserve(id);
            LoadPack(new Pack(id, Path.Combine(parts.Packs, $"{id}{Pack.Extension}")), isLast: id == ids[^1]);
        }
    }

    private void LoadPack(Pack pack, bool isLast)
    {
        var length = new FileInfo(pack.Path).Length;
        if (TryRead(pack.IndexPath) is { } index && PackFormat.TryDecodeIndex(index, length) is { } sealedBlocks)
        {
            pack.Length = length;
            pack.IsSealed = true;
            Register(pack, sealedBlocks);
            return;
        }
        var blocks = pack.Scan(out var sound, out var damage);
        if (damage is not null)
        {
            StoreLog.Unreadable(parts.Logger, pack.Path, damage.Message);
            KeepAsFound(pack, blocks, sound);
            return;
        }
        if (blocks.Count == 0)
        {
            foreach (var path in pack.Paths) File.Delete(path);
            return;
        }
        CutBack(pack, length, sound);
        pack.Length = sound;
        File.Delete(pack.IndexPath);
        if (isLast) parts.PackWriter.Continue(pack, blocks);
        else pack.Seal(blocks);
        Register(pack, blocks);
    }

    /// <summary>Neither cut back nor appended to: what the device does not give now it may give at another start. Until then it is evicted like any other.</summary>
    private void KeepAsFound(Pack pack, List<ListedBlock> blocks, long sound)
    {
        File.Delete(pack.IndexPath);
        (pack.Length, pack.IsSealed, pack.IsPartlyLost) = (sound, true, true);
        Register(pack, blocks);
    }

    /// <summary>To the end of the last sound record; also what was reserved beyond the end goes.</summary>
    private void CutBack(Pack pack, long length, long sound)
    {
        using var file = Interop.Open(pack.Path, Interop.ReadWrite);
        Interop.SetLength(file, sound, pack.Path);
        if (sound < length) StoreLog.PackCutBack(parts.Logger, pack.Path, length, sound);
    }

    private void LoadFiles()
    {
        var lone = new List<(int Id, Sha256Digest Digest, string Path)>();
        foreach (var path in Directory.EnumerateFiles(parts.Files).ToList())
        {
            if (TryReadId(path, FlatFile.Extension, out var id)) LoadFlat(id, path);
            else if (TryReadLone(path, out id, out var digest)) lone.Add((id, digest, path));
            else if (!Accompanies(path, FlatFile.ListExtension, FlatFile.Extension)) Sweep(path, "an import or a download did not finish it");
        }
        // Last, so that they count: such a file is written where a copy elsewhere was found damaged, and a pack goes on listing that one. It goes itself when it is damaged.
        foreach (var (id, digest, path) in lone.OrderBy(block => block.Id)) LoadLone(id, digest, path);
    }

    private void LoadFlat(int id, string path)
    {
        parts.Containers.Reserve(id);
        var listPath = Path.ChangeExtension(path, FlatFile.ListExtension);
        var list = TryRead(listPath) is { } bytes ? ChunkList.TryDecode(bytes) : null;
        var present = list?.Presence.Count(presence => presence == 1) ?? 0;
        if (list is null || present == 0)
        {
            if (list is null) StoreLog.LeftOverRemoved(parts.Logger, path, "the list of its chunks is missing or damaged");
            File.Delete(listPath);
            File.Delete(path);
            return;
        }
        var file = new FlatFile(id, parts.Files, list.Layout.File, list.Layout.Size, list.Layout.ChunkCount);
        file.Found(present);
        Register(file, Enumerable.Range(0, list.Layout.ChunkCount).Where(chunk => list.Presence[chunk] == 1).Select(chunk => FlatFile.Listed(list.Layout, chunk)));
    }

    private void LoadLone(int id, Sha256Digest digest, string path)
    {
        parts.Containers.Reserve(id);
        var length = new FileInfo(path).Length;
        if (length is 0 or > Block.MaxLength)
        {
            Sweep(path, "it is no whole block");
            return;
        }
        var file = new LoneBlock(id, parts.Files, digest, (int)length);
        Register(file, file.ReadList());
    }

    private void Register(Container container, IEnumerable<ListedBlock> blocks)
    {
        foreach (var block in blocks)
            parts.Index.Set(block.Digest, new BlockPlace(container.Id, block.Offset, block.Length, BlockPlace.FlagOf(block.Codec)));
        var allocated = container.Paths.Where(File.Exists).Sum(Interop.AllocatedBytes);
        container.AddDiskBytes(allocated - container.DiskBytes);
        parts.Budget.Take(allocated);
        _found.Add((container, File.GetLastWriteTimeUtc(container.Path)));
    }

    /// <summary>Null when there is no such list, or when the device has lost it, which is no worse than one that is torn.</summary>
    /// <exception cref="IOException">It may be there, and readable at another time: nothing may be concluded from that.</exception>
    private byte[]? TryRead(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException damage) when (Interop.IsDamage(damage))
        {
            StoreLog.Unreadable(parts.Logger, path, damage.Message);
            return null;
        }
    }

    /// <summary>True for a list or index whose data file is there.</summary>
    private static bool Accompanies(string path, string extension, string dataExtension) =>
        path.EndsWith(extension, StringComparison.Ordinal) && File.Exists(Path.ChangeExtension(path, dataExtension));

    private void Sweep(string path, string reason)
    {
        StoreLog.LeftOverRemoved(parts.Logger, path, reason);
        File.Delete(path);
    }

    private static bool TryReadId(string path, string extension, out int id)
    {
        id = 0;
        return path.EndsWith(extension, StringComparison.Ordinal)
            && int.TryParse(Path.GetFileNameWithoutExtension(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out id)
            && id is > 0 and < int.MaxValue;
    }

    private static bool TryReadLone(string path, out int id, out Sha256Digest digest)
    {
        (id, digest) = (0, default);
        var name = Path.GetFileName(path.AsSpan());
        if (!name.EndsWith(LoneBlock.Extension)) return false;
        name = name[..^LoneBlock.Extension.Length];
        var dot = name.IndexOf('.');
        return dot > 0
            && int.TryParse(name[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out id) && id is > 0 and < int.MaxValue
            && Sha256Digest.TryParseHex(name[(dot + 1)..], out digest);
    }
}
