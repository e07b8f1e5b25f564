namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>A directory for one test, deleted with it.</summary>
public sealed class Scratch : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("swarmfs-e2e-").FullName;

    public string this[string name] => System.IO.Path.Join(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
