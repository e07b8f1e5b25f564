using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>A flat file that is being written in order and has no CID yet. Its name says that it is of no use after a crash.</summary>
internal sealed class PartialFile(int id, string directory) : Container(id, System.IO.Path.Combine(directory, $"{id}{Extension}"))
{
    public const string Extension = ".partial";

    public override IEnumerable<string> Paths => [Path];

    public override IReadOnlyList<ListedBlock> ReadList() => [];
}

/// <summary>
/// Writes a large file of which the chunks come in order. Each chunk is in the index as soon as it is written; one that lies elsewhere leaves a hole.
/// States: Open -> [Append]* -> Open -> [Commit] -> Committed | [Dispose] -> Abandoned. For one thread at a time.
/// </summary>
internal sealed class LargeFileWriter : ILargeFileWriter
{
    private readonly StoreParts _parts;
    private readonly List<ListedBlock> _chunks = [];
    private readonly List<bool> _isHere = [];
    private readonly PartialFile _file;
    private readonly long _size;
    private long _appended;
    private bool _isDone;

    /// <exception cref="IOException">The file could not be made.</exception>
    public LargeFileWriter(StoreParts parts, long size)
    {
        _parts = parts;
        _size = size;
        _file = new PartialFile(parts.Containers.NextId(), parts.Files) { KeepsHandle = true };
        var handle = Interop.Open(_file.Path, Interop.ReadWrite | Interop.Create | Interop.Exclusive);
        _file.TryBeginWrite();
        parts.Containers.Add(_file);
        parts.Handles.Adopt(_file, handle);
    }

    public void Append(Block chunk)
    {
        ObjectDisposedException.ThrowIf(_isDone, this);
        if (_appended + chunk.Length > _size)
            throw new ArgumentException($"The file was begun with {_size} bytes; this chunk would make it {_appended + chunk.Length}.", nameof(chunk));
        if (_chunks.Count == ChunkList.MaxChunks) throw new InvalidTreeException($"a file has more than {ChunkList.MaxChunks} chunks, about 32 GiB, which is more than this store keeps of one. Split it.");
        var digest = chunk.Cid.Digest;
        _parts.Protection.Note(digest);
        var isHere = !_parts.Index.TryUse(digest, out _) && Write(chunk, digest);
        _chunks.Add(new ListedBlock(digest, _appended, chunk.Length, CidCodec.Raw));
        _isHere.Add(isHere);
        _appended += chunk.Length;
    }

    /// <summary>False when somebody else put the same block meanwhile.</summary>
    private bool Write(Block chunk, in Sha256Digest digest)
    {
        var cost = DiskBudget.Rounded(chunk.Length);
        for (var attempt = 0; ; attempt++)
        {
            var reliefs = _parts.Space.Reliefs;
            if (!_parts.Space.TryTake(cost)) throw Full(chunk.Length);
            try
            {
                lock (_parts.Writer.StripeOf(digest))
                {
                    if (_parts.Index.TryUse(digest, out _)) return GiveBack(cost);
                    RandomAccess.Write(_file.Handle!, chunk.Span, _appended);
                    _file.AddDiskBytes(cost);
                    Volatile.Write(ref _file.Dirty, 1);
                    _parts.Index.TryAdd(digest, new BlockPlace(_file.Id, _appended, chunk.Length, BlockFlags.Verified));
                }
                _parts.Metrics.Written(chunk.Length);
                return true;
            }
            catch (IOException full) when (Interop.IsFull(full))
            {
                GiveBack(cost);
                if (attempt == 0 && _parts.Space.TryRelieveDisk(reliefs)) continue;
                throw Full(chunk.Length);
            }
            catch (IOException)
            {
                GiveBack(cost);
                throw;
            }
        }
    }

    private bool GiveBack(long cost)
    {
        _parts.Budget.GiveBack(cost);
        return false;
    }

    private StoreFullException Full(int length) =>
        StoreFull.For(_parts.Options.Directory, length, _parts.Budget);

    public void Commit(FileLayout layout)
    {
        ObjectDisposedException.ThrowIf(_isDone, this);
        if (layout.Size != _appended || layout.ChunkCount != _chunks.Count || !_chunks.Index().All(chunk => FlatFile.Listed(layout, chunk.Index) == chunk.Item))
            throw new ArgumentException("The layout does not list the chunks that were appended.", nameof(layout));
        if (!_isHere.Contains(true))
        {
            Dispose();
            return;
        }
        var flat = new FlatFile(_file.Id, _parts.Files, layout.File, layout.Size, layout.ChunkCount) { IsVerified = _isHere.TrueForAll(isHere => isHere) };
        Publish(flat, new ChunkList(layout, [.. _isHere.Select(isHere => (byte)(isHere ? 1 : 0))]));
        _parts.Budget.Take(flat.DiskBytes);
        flat.AddDiskBytes(_file.DiskBytes);
        flat.Dirty = 1;
        _isDone = true;
        // From the table it can be evicted, so it is known before.
        _parts.Flats.Add(flat);
        _parts.Containers.Add(flat);
        _file.EndWriteAndRetire();
        HandleCache.Close(_file);
    }

    private void Publish(FlatFile flat, ChunkList list)
    {
        try
        {
            // A hole at the end has to be there as well.
            if (!_isHere[^1]) Interop.SetLength(_file.Handle!, flat.Size, _file.Path);
            flat.Publish(list, _file.Path);
        }
        catch (IOException full) when (Interop.IsFull(full))
        {
            throw StoreFull.For(_parts.Options.Directory, ChunkList.EncodedLength(flat.ChunkCount), _parts.Budget);
        }
    }

    /// <summary>Abandons the file. Chunks that somebody asked for or put as well meanwhile are kept, in a pack.</summary>
    public void Dispose()
    {
        if (_isDone) return;
        _isDone = true;
        _file.EndWriteAndRetire();
        foreach (var chunk in _chunks)
        {
            if (!_parts.Index.TryFind(chunk.Digest, out var place) || place.Container != _file.Id) continue;
            if ((place.Flags & BlockFlags.Used) == 0 || !TryRescue(chunk.Digest, place)) _parts.Index.Remove(chunk.Digest, place);
        }
        _parts.Collector.Remove(_file);
    }

    private bool TryRescue(in Sha256Digest digest, BlockPlace place)
    {
        try
        {
            _parts.Collector.Rescue(_file, digest, place);
            return true;
        }
        catch (IOException failure)
        {
            StoreLog.WriteFailed(_parts.Logger, _parts.Options.Directory, failure);
            return false;
        }
    }
}
