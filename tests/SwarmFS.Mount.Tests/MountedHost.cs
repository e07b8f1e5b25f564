using System.Diagnostics;
using System.Globalization;

namespace SwarmFS.Mount.Tests;

/// <summary>What a shell script said.</summary>
internal sealed record ShellResult(int ExitCode, string Output, string Error, TimeSpan Took)
{
    public string Trimmed => Output.TrimEnd('\n');
}

/// <summary>
/// A real mount, served by the host program in a process of its own and touched only by child processes. <c>$M</c> is the mount point and <c>$S</c> a scratch directory in every script.
/// </summary>
internal sealed class MountedHost : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _host;

    private MountedHost(string directory, string[] options)
    {
        Scratch = Path.Join(directory, "scratch");
        MountPoint = Path.Join(directory, "mount");
        Directory.CreateDirectory(Scratch);
        Directory.CreateDirectory(MountPoint);
        var program = Path.Join(AppContext.BaseDirectory, "SwarmFS.Mount.Host");
        _host = Process.Start(new ProcessStartInfo(program, [MountPoint, .. options]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        _host.ErrorDataReceived += (_, line) => Errors += line.Data + "\n";
        _host.BeginErrorReadLine();
        if (_host.StandardOutput.ReadLine() is { } said && said == "READY") return;
        _host.WaitForExit();
        throw new InvalidOperationException($"The host did not mount: {Errors}");
    }

    public string Scratch { get; }

    public string MountPoint { get; }

    /// <summary>What the host has logged, as far as it stood before an answer.</summary>
    public string Warnings { get; private set; } = "";

    public string Errors { get; private set; } = "";

    public static MountedHost Start(params string[] options)
    {
        if (!File.Exists("/dev/fuse") || !Environment.IsPrivilegedProcess)
        {
            if (Environment.GetEnvironmentVariable("SWARMFS_REQUIRE_ALL") == "1") throw new InvalidOperationException("This test needs /dev/fuse and root.");
            Assert.Skip("needs /dev/fuse and root");
        }
        return new MountedHost(Directory.CreateTempSubdirectory("mount-test-").FullName, options);
    }

    /// <summary>Has the host do something; its answer, which is no error.</summary>
    public string Do(string command)
    {
        _host.StandardInput.WriteLine(command);
        while (true)
        {
            var answer = _host.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The host died at '{command}': {Errors}");
            if (answer.StartsWith("error", StringComparison.Ordinal)) throw new InvalidOperationException($"{command}: {answer}");
            if (!answer.StartsWith("warn:", StringComparison.Ordinal) && !answer.StartsWith("fail:", StringComparison.Ordinal)) return answer;
            Warnings += answer + "\n";
        }
    }

    /// <summary>A counter of the host by name; 0 when it never counted.</summary>
    public long Count(string name) =>
        Do("count").Split(' ').Select(pair => pair.Split('=')).Where(pair => pair[0] == name).Select(pair => long.Parse(pair[1], CultureInfo.InvariantCulture)).FirstOrDefault();

    /// <summary>Waits until a counter has come this far.</summary>
    public void Await(string name, long least)
    {
        for (var since = Stopwatch.GetTimestamp(); Count(name) < least;)
            if (Stopwatch.GetElapsedTime(since) > Patience) throw new TimeoutException($"{name} is {Count(name)} and not {least}.");
    }

    public ShellResult Shell(string script)
    {
        var started = Stopwatch.GetTimestamp();
        using var shell = Begin(script);
        var error = shell.StandardError.ReadToEndAsync();
        var output = shell.StandardOutput.ReadToEndAsync();
        if (!shell.WaitForExit(Patience)) shell.Kill(entireProcessTree: true);
        return new ShellResult(shell.ExitCode, output.Result, error.Result, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>Output of a script that has to succeed.</summary>
    public string Run(string script)
    {
        var result = Shell(script);
        result.ExitCode.ShouldBe(0, $"{script}\n{result.Output}\n{result.Error}\nhost: {Errors}");
        return result.Trimmed;
    }

    public string Python(string program)
    {
        var file = Path.Join(Scratch, "program.py");
        File.WriteAllText(file, program);
        return Run($"python3 {file}");
    }

    /// <summary>Starts a script and leaves it running; the caller waits for it or kills it.</summary>
    public Process Begin(string script) => Process.Start(new ProcessStartInfo("bash", ["-c", script])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        WorkingDirectory = Scratch,
        Environment = { ["M"] = MountPoint, ["S"] = Scratch, ["LC_ALL"] = "C" },
    })!;

    /// <summary>Repeats a script until it succeeds: for what another thread brings about.</summary>
    public void Eventually(string script, int milliseconds = 2000)
    {
        var started = Stopwatch.GetTimestamp();
        ShellResult last;
        do
        {
            last = Shell(script);
            if (last.ExitCode == 0) return;
        }
        while (Stopwatch.GetElapsedTime(started).TotalMilliseconds < milliseconds);
        last.ExitCode.ShouldBe(0, $"not within {milliseconds} ms: {script}\n{last.Output}\n{last.Error}\nhost: {Errors}");
    }

    public void Dispose()
    {
        _host.StandardInput.Close();
        if (!_host.WaitForExit(TimeSpan.FromSeconds(15))) _host.Kill();
        _host.Dispose();
        using (var umount = Process.Start("sh", ["-c", $"mountpoint -q '{MountPoint}' && umount -l '{MountPoint}'; true"])) umount.WaitForExit();
        Directory.Delete(Path.GetDirectoryName(Scratch)!, recursive: true);
    }
}
