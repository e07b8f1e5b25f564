using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Store;

// PINS := "SwarmFS pins 1" LF, (cid SP reason LF)*      UTF-8; the reason has no control characters

/// <summary>
/// The pins on disk. Replaced as a whole: written beside, flushed, renamed, and the directory flushed, so that a power cut leaves the old or the new.
/// </summary>
internal sealed class PinFile(string directory)
{
    private const string FirstLine = "SwarmFS pins 1";

    public const string Name = "pins";

    private readonly string _path = Path.Combine(directory, Name);

    /// <exception cref="StoreUnusableException">The file is there and cannot be understood; guessing would let pinned content be evicted.</exception>
    public Dictionary<Cid, string> Load()
    {
        var pins = new Dictionary<Cid, string>();
        if (Read() is not { } text) return pins;
        var lines = text.Split('\n');
        if (lines[0] != FirstLine) throw Unreadable(1, $"it does not begin with '{FirstLine}'");
        for (var i = 1; i < lines.Length; i++)
        {
            if (lines[i].Length == 0) continue;
            var space = lines[i].IndexOf(' ');
            if (space < 0) throw Unreadable(i + 1, "a CID and a reason are expected, with a space between");
            if (!Cid.TryParse(lines[i].AsSpan(0, space), out var root, out var error)) throw Unreadable(i + 1, error!);
            pins[root] = lines[i][(space + 1)..];
        }
        return pins;
    }

    /// <summary>Null when there is no such file.</summary>
    private string? Read()
    {
        try
        {
            return File.ReadAllText(_path, Encoding.UTF8);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"The list of pins '{_path}' cannot be read: {failure.Message} See to its disk, owner and attributes, or move it away to start without pins; "
                + "blocks are not touched.");
        }
    }

    /// <exception cref="IOException">The file is as it was before.</exception>
    public void Save(IReadOnlyDictionary<Cid, string> pins)
    {
        var text = new StringBuilder(FirstLine).Append('\n');
        foreach (var (root, reason) in pins) text.Append($"{root} {reason}\n");
        var temporary = _path + ".new";
        try
        {
            using (var file = Interop.Open(temporary, Interop.ReadWrite | Interop.Create | Interop.Truncate))
            {
                RandomAccess.Write(file, Encoding.UTF8.GetBytes(text.ToString()), 0);
                Durable.Flush(file, temporary);
            }
            File.Move(temporary, _path, overwrite: true);
        }
        catch (IOException)
        {
            File.Delete(temporary);
            throw;
        }
        Durable.FlushDirectory(directory);
    }

    private StoreUnusableException Unreadable(int line, string why) =>
        new($"The list of pins '{_path}' cannot be read at line {line}: {why}. "
            + "Correct the line, or move the file away to start without pins; blocks are not touched.");
}
