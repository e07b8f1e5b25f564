using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;
using SwarmFS.Mount.Host;
using SwarmFS.Testing;

namespace SwarmFS.Mount.Tests;

/// <summary>The handler without a kernel: asked directly, as long as nothing has to wait.</summary>
internal sealed class InProcessMount : IDisposable
{
    private readonly ServiceMeters _meters = new();

    public InProcessMount(MountOptions? options = null, IStatusFiles? status = null)
    {
        Content = new ScriptedContent(Store);
        Handler = new SwarmMount(options ?? new MountOptions(), Catalog, Content, Slots, status ?? StatusFiles.None, Time, NullLoggerFactory.Instance, _meters);
    }

    public ManualTimeProvider Time { get; } = new();

    public MemoryBlockStore Store { get; } = new();

    public ScriptedContent Content { get; }

    public ListCatalog Catalog { get; } = new();

    public MemoryNodeSlots Slots { get; } = new();

    public SwarmMount Handler { get; }

    /// <summary>Publishes a tree with <c>dir/file</c> and <c>link</c> under this name, and has it in memory.</summary>
    public Cid Publish(string name, string version)
    {
        var attributes = new EntryAttributes(0x1A4, 0, 0, 0, 0, 0, []);
        var builder = new TreeBuilder(Store);
        var content = Encoding.ASCII.GetBytes($"{name} {version}");
        builder.AddFile("dir/file"u8, attributes, new MemoryStream(content), content.Length);
        builder.AddSymlink("link"u8, attributes, "dir"u8);
        var root = builder.Finish().Root;
        Content.GetTreeAsync(root, CancellationToken.None).AsTask().Wait();
        Catalog.Publish(new Release(name, version, root, "test", DateTimeOffset.UnixEpoch));
        return root;
    }

    /// <summary>Walks a path from the top; the entry of its last part.</summary>
    public FuseEntry Find(string path)
    {
        var entry = new FuseEntry { NodeId = 1 };
        foreach (var part in path.Split('/'))
        {
            var request = new FuseRequest(1, 0, 0, 1);
            Handler.Lookup(ref request, entry.NodeId, Encoding.UTF8.GetBytes(part), ref entry).ShouldBe(FuseResult.Ok, path);
        }
        return entry;
    }

    public void Dispose()
    {
        Handler.Dispose();
        _meters.Dispose();
    }
}
