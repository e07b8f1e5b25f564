using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Import.Tests;

/// <summary>An importer over a store in memory, with a directory of its own that goes away with it.</summary>
internal sealed class Workshop : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public Workshop(AptPaths? apt = null, TimeProvider? time = null)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("import-").FullName;
        Time = time ?? TimeProvider.System;
        Apt = apt ?? new AptPaths();
        Importer = NewImporter();
    }

    public string Directory { get; }

    public MemoryBlockStore Store { get; } = new();

    public Importer Importer { get; private set; }

    public AptPaths Apt { get; }

    private TimeProvider Time { get; }

    public string State => Path.Join(Directory, "state");

    /// <summary>As after a restart of the node.</summary>
    public void Restart() => Importer = NewImporter();

    private Importer NewImporter() => new(
        Store, new ImporterOptions { StateDirectory = State, Apt = Apt }, Time, NullLoggerFactory.Instance, _services.GetRequiredService<IMeterFactory>());

    public string Write(string name, byte[] content)
    {
        var path = Path.Join(Directory, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public TreeTable Tree(Cid root)
    {
        TreeLoader.TryLoad(root, Store, [], out var tree).ShouldBeTrue();
        return tree!;
    }

    public void Dispose()
    {
        // The runtime cannot delete files with names that are not UTF-8.
        Tool.Run("rm", "-rf", "--", Directory);
        _services.Dispose();
    }
}
