using System.Diagnostics;
using System.Text;

namespace SwarmFS.Import.Tests;

/// <summary>Runs the system's own programs: the independent oracles.</summary>
internal static class Tool
{
    public static string Run(string program, params string[] arguments) => Encoding.UTF8.GetString(Filter(program, arguments, []));

    public static byte[] Filter(string program, string[] arguments, byte[] input, IReadOnlyDictionary<string, string>? environment = null)
    {
        var (code, output, error) = Start(program, arguments, input, environment);
        code.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {error}");
        return output;
    }

    public static int ExitCode(string program, params string[] arguments) => Start(program, arguments, [], null).Code;

    private static (int Code, byte[] Output, string Error) Start(
        string program, string[] arguments, byte[] input, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (key, value) in environment ?? new Dictionary<string, string>()) start.Environment[key] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = new MemoryStream();
        var copy = process.StandardOutput.BaseStream.CopyToAsync(output);
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        Task.WaitAll(copy, error);
        process.WaitForExit();
        return (process.ExitCode, output.ToArray(), error.Result);
    }
}
