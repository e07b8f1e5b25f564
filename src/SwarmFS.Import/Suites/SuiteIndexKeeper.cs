using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// Puts suite indices into the store and keeps them there: pinned from the moment they are made until somebody unpins them who was told that they are superseded.
/// Which ones it pinned stands in a file, so that none is forgotten after a crash. Safe from any thread.
/// </summary>
/// <param name="file">Absolute path. One CID a line; what is no CID says nothing.</param>
internal sealed class SuiteIndexKeeper(IBlockStore store, string file)
{
    public const string Reason = "catalogue";

    private readonly Lock _gate = new();

    public bool Has(Cid root) => !root.IsNone && store.Contains(root);

    public SuiteIndex Open(Cid root) => new(store, root);

    /// <summary>Makes the index; it is pinned and on disk when this returns.</summary>
    /// <exception cref="StoreFullException">The store has no space for it.</exception>
    public BuiltDirectory Keep(SuiteIndexBuilder builder)
    {
        using var held = store.HoldNew();
        var built = builder.Build(store);
        store.Flush();
        Pin(built.Root);
        return built;
    }

    /// <summary>Pins those that are the newest of their namespaces.</summary>
    /// <returns>Those that are pinned by this and are not among the newest.</returns>
    public IReadOnlyList<Cid> Settle(IReadOnlyCollection<Cid> newest)
    {
        lock (_gate)
        {
            var pinned = store.Pins.Where(pin => pin.Reason == Reason).Select(pin => pin.Root).ToHashSet();
            foreach (var root in newest.Where(root => !pinned.Contains(root) && store.Contains(root))) Pin(root);
            var known = Read();
            Write([.. known.Where(root => pinned.Contains(root) || newest.Contains(root))]);
            return [.. known.Where(root => pinned.Contains(root) && !newest.Contains(root))];
        }
    }

    private void Pin(Cid root)
    {
        lock (_gate)
        {
            var known = Read();
            // Written down first: what is pinned and not written down would stay for ever.
            if (known.Add(root)) Write(known);
            store.Pin(root, Reason);
        }
    }

    private HashSet<Cid> Read() =>
        File.Exists(file) ? [.. File.ReadLines(file).Select(line => Cid.TryParse(line, out var root, out _) ? root : default).Where(root => !root.IsNone)] : [];

    private void Write(HashSet<Cid> roots)
    {
        var temporary = file + ".new";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            stream.Write(Encoding.ASCII.GetBytes(string.Concat(roots.Select(root => $"{root}\n"))));
            Durable.Flush(stream);
        }
        File.Move(temporary, file, overwrite: true);
    }
}
