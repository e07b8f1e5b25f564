using Microsoft.Extensions.Logging;

namespace SwarmFS.Daemon.State;

/// <summary>
/// Views that stood when the node ended, replaced whole: <c>line := subject [" " directory]</c>. A directory whose name has a line break is left out. A file that cannot be read or written costs
/// nothing but the memory.
/// </summary>
internal sealed class ViewFile(string path, ILogger log)
{
    /// <summary>Lines that are looked at.</summary>
    private const int LinesMax = 1024;

    public IReadOnlyList<StandingView> Load()
    {
        try
        {
            return [.. File.ReadLines(path).Take(LinesMax).Where(line => line.Length > 0).Select(Read)];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.ViewFileUnusable(path, e.Message);
            return [];
        }
    }

    public void Save(IEnumerable<StandingView> views)
    {
        var lines = views.Select(view => view.ToString()).Where(line => !line.Contains('\n')).ToList();
        try
        {
            if (lines.Count == 0)
            {
                File.Delete(path);
                return;
            }
            File.WriteAllLines(path + ".new", lines);
            File.Move(path + ".new", path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.ViewFileUnusable(path, e.Message);
        }
    }

    private static StandingView Read(string line)
    {
        var words = line.Split(' ', 2);
        return new StandingView(words[0], words.Length == 2 ? words[1] : null);
    }
}
