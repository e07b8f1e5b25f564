using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>Real packages travel from node to node, and every copy is what dpkg unpacks.</summary>
public class ReseedingTests
{
    // perl-base has hard links, passwd setuid files, libllvm14 a file above 50 MB, golang-1.19-src more than 5,000 files, login an epoch in its version.
    private static readonly string[] Packages =
    [
        "gedit", "gedit-common", "perl-base", "passwd", "libllvm14", "golang-1.19-src", "login", "coreutils", "tzdata", "bash", "zlib1g", "python3.11-minimal", "base-files",
    ];

    [Fact]
    public async Task Thirteen_packages_pass_from_A_to_B_and_when_A_is_killed_from_B_to_C_just_as_dpkg_unpacks_them()
    {
        using var scratch = new Scratch();
        await using var network = await TestNetwork.CreateAsync();
        await using var a = new TestNode(scratch["a"], await network.AddHostAsync(), "--no-mount");
        await using var b = new TestNode(scratch["b"], await network.AddHostAsync(), "--special-bits", "on", "--xattrs", "on", "--trust", a.TrustKey, "--peer", a.Endpoint);
        await using var c = new TestNode(scratch["c"], await network.AddHostAsync(), "--special-bits", "on", "--xattrs", "on", "--trust", a.TrustKey, "--peer", b.Endpoint);
        await using var importer = new TestNode(a.Directory, host: null, "--no-mount") { Port = 7421 };

        // The apt sources are reachable from this machine's own network alone, so A imports before it moves to its host.
        await importer.StartAsync();
        List<(string Package, string Path)> imported = [];
        foreach (var package in Packages)
        {
            var report = await importer.ImportAsync("apt", package);
            imported.Add((package, $"pkgs/{report.Name}/{report.Version}"));
        }
        (await importer.StopAsync()).ShouldBe(0);

        await a.StartAsync();
        await b.StartAsync();
        foreach (var (package, path) in imported)
        {
            await b.WaitForPathAsync(path);
            await UnpackAsync(scratch, package, path);
            await CopyAndCompareAsync(b, path, scratch, package);
        }
        var status = await b.StatusAsync();
        var nodeA = (await a.StatusAsync()).NodeId;
        status.Roots.Count(root => root.Name is not null && root.Sources.Any(source => source.NodeId == nodeA && source.Bytes > 0)).ShouldBe(Packages.Length);

        await a.KillAsync();
        await c.StartAsync();
        foreach (var (package, path) in imported)
        {
            await c.WaitForPathAsync(path);
            await CopyAndCompareAsync(c, path, scratch, package);
        }
        var (nodeB, fromC) = (status.NodeId, await c.StatusAsync());
        fromC.Roots.SelectMany(root => root.Sources).Select(source => source.NodeId).Distinct().ShouldBe([nodeB]);
        fromC.Roots.Sum(root => root.BytesReceived).ShouldBeGreaterThan(200 << 20);
        (await b.StatusAsync()).Memory.ResidentBytes.ShouldBeLessThan(200 << 20);
        fromC.Memory.ResidentBytes.ShouldBeLessThan(200 << 20);
        (await c.StopAsync()).ShouldBe(0);
        (await b.StopAsync()).ShouldBe(0);
    }

    /// <summary>
    /// The reference: the archive as dpkg-deb hands it out, unpacked by tar with its numeric owners (dpkg-deb -x would look the names up on this machine) and with the times of
    /// directories set last (dpkg-deb -x leaves the time of extraction on those that get a symlink late).
    /// </summary>
    private static async Task UnpackAsync(Scratch scratch, string package, string path)
    {
        var version = Path.GetFileName(path).Replace("%3a", ":");
        (await Command.ShellAsync(
            $"mkdir -p '{scratch["debs"]}' '{scratch["reference/" + package]}' && cd '{scratch["debs"]}' && chmod 777 . && apt-get download -q '{package}={version}'"
            + $" && dpkg-deb --fsys-tarfile {package}_*.deb | tar -C '{scratch["reference/" + package]}' --numeric-owner --delay-directory-restore -P -xpf - && rm {package}_*.deb")).Succeeded();
    }

    private static async Task CopyAndCompareAsync(TestNode node, string path, Scratch scratch, string package)
    {
        var (reference, mounted, copy) = (scratch["reference/" + package], $"{node.Mount}/{path}", scratch["copy"]);
        (await Command.ShellAsync($"rm -rf '{copy}' && mkdir '{copy}' && cp -a '{mounted}/.' '{copy}'")).Succeeded();
        (await Command.ShellAsync($"diff -r --no-dereference '{reference}' '{copy}'")).Succeeded();
        var expected = await TreeListing.OfAsync(reference);
        TreeListing.ShouldBeSame(expected, await TreeListing.OfAsync(copy), $"the copy of {package}");
        TreeListing.ShouldBeSame(expected, await TreeListing.OfAsync(mounted), $"{package} on the mount");
        TreeListing.ShouldBeSame(await TreeListing.HardLinksAsync(reference), await TreeListing.HardLinksAsync(copy), $"hard links of {package}");
        TreeListing.ShouldBeSame(await TreeListing.XattrsAsync(reference), await TreeListing.XattrsAsync(copy), $"xattrs of {package}");
    }
}
