using Microsoft.Extensions.Logging;

namespace SwarmFS.Daemon.State;

/// <summary>Where a node is mounted.</summary>
/// <param name="Made">The node has made the directory, and takes it away with the mount.</param>
internal readonly record struct MountPlace(string Path, bool Made);

/// <summary>
/// Where the node of this state is mounted, for the next one to know when this one is killed: <c>("made" | "found") " " path</c>. A path with a line break is not kept. A file that cannot be read
/// or written costs nothing but the memory.
/// </summary>
internal sealed class MountFile(string path, ILogger log)
{
    private const string Made = "made ";
    private const string Found = "found ";

    public MountPlace? Load()
    {
        try
        {
            var line = File.ReadLines(path).FirstOrDefault("");
            return line.StartsWith(Made, StringComparison.Ordinal) ? new MountPlace(line[Made.Length..], true)
                : line.StartsWith(Found, StringComparison.Ordinal) ? new MountPlace(line[Found.Length..], false)
                : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.MountFileUnusable(path, e.Message);
            return null;
        }
    }

    public void Save(MountPlace place)
    {
        if (place.Path.Contains('\n')) return;
        try
        {
            File.WriteAllText(path + ".new", $"{(place.Made ? Made : Found)}{place.Path}\n");
            File.Move(path + ".new", path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.MountFileUnusable(path, e.Message);
        }
    }

    public void Forget()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.MountFileUnusable(path, e.Message);
        }
    }
}
