namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>A directory for one test, deleted with it.</summary>
/// <param name="below">Where it is made; by default where temporary files are.</param>
public sealed class Scratch(string? below = null) : IDisposable
{
    public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Join(below ?? System.IO.Path.GetTempPath(), $"swarmfs-e2e-{Guid.NewGuid().ToString("n")[..8]}")).FullName;

    public string this[string name] => System.IO.Path.Join(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
