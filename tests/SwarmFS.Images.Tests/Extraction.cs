using System.Diagnostics;
using System.Text;

namespace SwarmFS.Images.Tests;

/// <summary>What the checker of EROFS's own tools, which share no code with ours, takes out of an image.</summary>
internal sealed class Extraction : IDisposable
{
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("image-test-");

    public Extraction(byte[] image)
    {
        var file = Path.Join(_scratch.FullName, "image");
        File.WriteAllBytes(file, image);
        Run("fsck.erofs", $"--extract={Top}", file);
    }

    private string Top => Path.Join(_scratch.FullName, "out");

    /// <summary>Path, type, permissions (a file's without special bits), modification time, target and, but for directories, size of every entry, in any order.</summary>
    public string[] Listing()
    {
        Run("find", Top, "-type", "f", "-exec", "chmod", "ug-s,o-t", "{}", "+");
        return Run("find", Top, "-printf", @"%P|%y|%m|%T@|%l|", "(", "-type", "d", "-printf", @"\0", "-o", "-printf", @"%s\0", ")").Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    public byte[] Read(string path) => File.ReadAllBytes(Path.Join(Top, path));

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{program}: {output}{error.Result}");
        return output;
    }

    public void Dispose() => _scratch.Delete(recursive: true);
}
