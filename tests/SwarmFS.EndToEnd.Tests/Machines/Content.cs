namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>Content for tests, the same for the same arguments.</summary>
public static class Content
{
    /// <summary>A directory of small files of 100 to 8,000 bytes, a hundred to a directory.</summary>
    public static void WriteSmallFiles(string directory, int count, int seed = 1)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            if (i % 100 == 0) Directory.CreateDirectory(Path.Join(directory, $"d{i / 100:d3}"));
            var bytes = new byte[random.Next(100, 8_000)];
            random.NextBytes(bytes);
            File.WriteAllBytes(Path.Join(directory, $"d{i / 100:d3}/f{i:d5}"), bytes);
        }
    }

    /// <summary>A file of random bytes.</summary>
    public static void WriteLargeFile(string path, long length, int seed = 2)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var random = new Random(seed);
        var buffer = new byte[1 << 20];
        using var file = File.Create(path);
        for (var left = length; left > 0; left -= buffer.Length)
        {
            random.NextBytes(buffer);
            file.Write(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
        }
    }
}
