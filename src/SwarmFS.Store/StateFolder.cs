using System.Buffers;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>State files in a directory, readable by their owner alone: written beside, flushed, renamed, and the directory flushed.</summary>
public sealed class StateFolder : IStateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>What a crash may leave; the next replacement takes it over.</summary>
    private const string Unfinished = ".new";

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    private readonly string _directory;
    private readonly Lock _writing = new();

    private StateFolder(string directory) => _directory = directory;

    /// <summary>Makes the directory if there is none.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static StateFolder Open(string directory)
    {
        Directory.CreateDirectory(directory, OwnerOnly);
        return new StateFolder(directory);
    }

    public byte[]? Read(string name)
    {
        var path = PathOf(name);
        if (!File.Exists(path)) return null;
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        if (length > IStateFiles.MaxLength) throw new IOException($"The file '{path}' has {length} bytes; at most {IStateFiles.MaxLength} were written there.");
        var content = new byte[length];
        return content[..RandomAccess.Read(file, content, 0)];
    }

    public void Replace(string name, ReadOnlySpan<byte> content)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, IStateFiles.MaxLength, nameof(content));
        var path = PathOf(name);
        lock (_writing)
        {
            var parent = Path.GetDirectoryName(path)!;
            if (!Directory.Exists(parent))
            {
                Directory.CreateDirectory(parent, OwnerOnly);
                Durable.FlushDirectory(_directory);
            }
            Write(path + Unfinished, content);
            File.Move(path + Unfinished, path, overwrite: true);
            Durable.FlushDirectory(parent);
        }
    }

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            using SafeFileHandle file = Interop.Open(path, Interop.ReadWrite | Interop.Create | Interop.Truncate);
            RandomAccess.Write(file, content, 0);
            Durable.Flush(file, path);
        }
        catch (IOException)
        {
            File.Delete(path);
            throw;
        }
    }

    private string PathOf(string name)
    {
        var parts = name.Split('/');
        if (parts.Length > 2 || !Array.TrueForAll(parts, IsName) || name.EndsWith(Unfinished)) throw new ArgumentException($"'{name}' is no name of a state file.", nameof(name));
        return Path.Join([_directory, .. parts]);
    }

    private static bool IsName(string part) => part.Length is > 0 and <= Limits.NameLength && char.IsAsciiLetterOrDigit(part[0]) && !part.AsSpan().ContainsAnyExcept(NameCharacters);
}
