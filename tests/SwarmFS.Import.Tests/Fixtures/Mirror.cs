using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace SwarmFS.Import.Tests;

/// <summary>
/// A small repository over HTTP: one suite with one package. A test changes what it serves, by path, or how it delivers.
/// </summary>
internal sealed class Mirror : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();

    public Mirror()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Path below the address, and what is there.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Leaves connections open after what it sends, as a server that hangs does.</summary>
    public bool HoldsOpen { get; set; }

    /// <summary>Sees each answer before it goes out: status line and headers, and body.</summary>
    public Func<string, byte[], long, (string Head, byte[] Body)>? Deliver { get; set; }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/debian/";

    /// <summary>Publishes a suite of one package, signed.</summary>
    public void Publish(SigningKey key, DateTimeOffset date, Publication? how = null)
    {
        how ??= new Publication();
        Files.Clear();
        var deb = Deb.Of(new TarWriter().Directory("./").File("./usr/share/demo", how.Content).Finish(), $"Package: demo\nVersion: {how.Version}\nArchitecture: all\n");
        Files["pool/demo.deb"] = deb;
        var packages = Encoding.ASCII.GetBytes(
            $"Package: other\nVersion: 1\nArchitecture: all\nFilename: pool/other.deb\nSize: 1\nSHA256: {Sha(deb)}\n\n"
            + $"Package: demo\nVersion: {how.Version}\nArchitecture: all\nFilename: {how.Filename}\nSize: {deb.Length}\nSHA256: {Sha(deb)}\n\n");
        var packed = Deb.Pack(packages, ".xz");
        Files["dists/test/main/binary-amd64/Packages.xz"] = packed;
        Files[$"dists/test/main/binary-amd64/by-hash/SHA256/{Sha(packed)}"] = packed;
        var release = $"Suite: {how.Suite}\nCodename: {how.Suite}\nDate: {Rfc(date)}\n" + (how.ValidUntil is { } until ? $"Valid-Until: {Rfc(until)}\n" : "")
            + $"Acquire-By-Hash: {(how.ByHash ? "yes" : "no")}\nArchitectures: amd64\nComponents: main\n"
            + $"MD5Sum:\n {Convert.ToHexStringLower(MD5.HashData(packed))} {packed.Length} main/binary-amd64/Packages.xz\n"
            + (how.Weak ? "" : $"SHA256:\n {Sha(packages)} {packages.Length + how.SizeError} main/binary-amd64/Packages\n {Sha(packed)} {packed.Length} main/binary-amd64/Packages.xz\n");
        Files["dists/test/InRelease"] = key.ClearSign(Encoding.ASCII.GetBytes(release), how.Digest);
    }

    /// <summary>Publishes a suite beside those that are there: an index of one architecture a component, by hash.</summary>
    public void Publish(SuitePublication suite, Func<byte[], byte[]> sign)
    {
        var list = new StringBuilder();
        foreach (var (component, packages) in suite.Components)
        {
            var plain = Encoding.ASCII.GetBytes(packages);
            var packed = Deb.Pack(plain, ".xz");
            var path = $"{component}/binary-amd64/Packages";
            Files[$"dists/{suite.Codename}/{component}/binary-amd64/by-hash/SHA256/{Sha(packed)}"] = packed;
            list.Append(CultureInfo.InvariantCulture, $" {Sha(plain)} {plain.Length} {path}\n {Sha(packed)} {packed.Length} {path}.xz\n");
        }
        var release = $"Origin: {suite.Origin}\nSuite: {suite.Suite}\nCodename: {suite.Codename}\nDate: {Rfc(suite.Date)}\n"
            + (suite.ValidUntil is { } until ? $"Valid-Until: {Rfc(until)}\n" : "")
            + $"Acquire-By-Hash: yes\nArchitectures: amd64\nComponents: {string.Join(' ', suite.Components.Keys)}\n{(suite.Weak ? "SHA1" : "SHA256")}:\n{list}";
        Files[$"dists/{suite.Codename}/InRelease"] = sign(Encoding.ASCII.GetBytes(release));
    }

    /// <summary>A package's archive at its place below the address, and the stanza that lists it.</summary>
    public string AddPackage(string name, string version, string content = "content")
    {
        var deb = Deb.Of(new TarWriter().Directory("./").File($"./usr/share/{name}", content).Finish(), $"Package: {name}\nVersion: {version}\nArchitecture: all\n");
        Files[$"pool/{name}.deb"] = deb;
        return $"Package: {name}\nVersion: {version}\nArchitecture: all\nFilename: pool/{name}.deb\nSize: {deb.Length}\nSHA256: {Sha(deb)}\n\n";
    }

    public byte[] InRelease
    {
        get => Files["dists/test/InRelease"];
        set => Files["dists/test/InRelease"] = value;
    }

    public string IndexPath => Files.Keys.Single(path => path.Contains("by-hash", StringComparison.Ordinal));

    private static string Sha(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string Rfc(DateTimeOffset date) => date.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync(_closed.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            var path = (await reader.ReadLineAsync(_closed.Token))?.Split(' ')[1].Replace("/debian/", "", StringComparison.Ordinal) ?? "";
            var from = 0L;
            while (await reader.ReadLineAsync(_closed.Token) is { Length: > 0 } line)
                if (line.StartsWith("Range: bytes=", StringComparison.Ordinal)) from = long.Parse(line[13..].TrimEnd('-'));
            Asked.Enqueue(path);
            var (head, body) = Answer(path, from);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head + "Connection: close\r\n\r\n"), _closed.Token);
            await stream.WriteAsync(body, _closed.Token);
            if (HoldsOpen) await Task.Delay(Timeout.Infinite, _closed.Token);
        }
    }

    private (string Head, byte[] Body) Answer(string path, long from)
    {
        if (!Files.TryGetValue(path, out var file)) return ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n", []);
        if (Deliver?.Invoke(path, file, from) is { Head.Length: > 0 } special) return special;
        return from > 0
            ? ($"HTTP/1.1 206 Partial\r\nContent-Length: {file.Length - from}\r\nContent-Range: bytes {from}-{file.Length - 1}/{file.Length}\r\n", file[(int)from..])
            : ($"HTTP/1.1 200 OK\r\nContent-Length: {file.Length}\r\n", file);
    }

    public void Dispose()
    {
        _closed.Cancel();
        _listener.Dispose();
        _closed.Dispose();
    }
}

/// <summary>What a mirror publishes, honest by default.</summary>
internal sealed record Publication(
    string Version = "1.0", string Content = "content", string Suite = "test", DateTimeOffset? ValidUntil = null, bool ByHash = true, bool Weak = false, int SizeError = 0,
    string Digest = "SHA256", string Filename = "pool/demo.deb");

/// <summary>A suite as a mirror offers it.</summary>
/// <param name="Components">By name, the text of its Packages file.</param>
internal sealed record SuitePublication(string Codename, DateTimeOffset Date, IReadOnlyDictionary<string, string> Components)
{
    public string Origin { get; init; } = "Debian";

    public string Suite { get; init; } = "oldstable";

    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>Lists weak hashes alone.</summary>
    public bool Weak { get; init; }
}
