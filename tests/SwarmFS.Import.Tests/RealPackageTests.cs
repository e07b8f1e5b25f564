using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import.Tests;

/// <summary>Packages of the configured apt sources, against what dpkg-deb makes of them.</summary>
public class RealPackageTests
{
    [Theory]
    [InlineData("gedit")]
    [InlineData("perl-base")] // hard links
    [InlineData("passwd")] // setuid and setgid
    [InlineData("tzdata")] // 1,300 entries
    [InlineData("gnome-icon-theme")] // 6,000 entries
    [InlineData("libllvm14")] // 104 MiB, nearly all of it one file
    public async Task A_tree_equals_what_dpkg_deb_unpacks(string package)
    {
        using var workshop = new Workshop();
        var downloaded = Directory.CreateDirectory(Path.Join(workshop.Directory, "deb")).FullName;
        Tool.Run("sh", "-c", "cd \"$1\" && apt-get download -qq \"$2\"", "sh", downloaded, package);
        var deb = Directory.GetFiles(downloaded).ShouldHaveSingleItem();
        var reference = Path.Join(workshop.Directory, "reference");
        Tool.Run("dpkg-deb", "-x", deb, reference);
        // dpkg-deb gives a directory its time before it puts the symlinks into it, which changes the time again; so the times come from a second unpacking.
        Tool.Run("sh", "-c", "dpkg-deb --fsys-tarfile \"$1\" | tar -x -p --numeric-owner --delay-directory-restore -C \"$2\"", "sh", deb, reference);

        var imported = await workshop.Importer.ImportDebAsync(deb, CancellationToken.None);
        imported.Name.ShouldBe(package);
        imported.Version.ShouldBe(Tool.Run("dpkg-deb", "-f", deb, "Version").Trim().Replace(":", "%3a", StringComparison.Ordinal));
        var tree = workshop.Tree(imported.Root);
        Listing.OfTree(tree, workshop.Store, withOwner: true).ShouldBe(Listing.OfDirectory(reference, withOwner: true));

        var fromDirectory = await workshop.Importer.ImportTreeAsync(reference, package, imported.Version, CancellationToken.None);
        fromDirectory.Root.ShouldBe(imported.Root);
    }

    [Fact]
    public async Task The_newest_candidate_comes_from_the_systems_own_sources_with_its_evidence()
    {
        using var workshop = new Workshop();
        var imported = await workshop.Importer.ImportAptAsync("hostname", CancellationToken.None);
        var candidate = Tool.Run("sh", "-c", "apt-cache policy hostname | sed -n 's/^  Candidate: //p'").Trim();
        imported.Version.ShouldBe(candidate.Replace(":", "%3a", StringComparison.Ordinal));
        imported.Evidence.Origin.ShouldNotBeNull().Signers.ShouldNotBeEmpty();
        workshop.Tree(imported.Root).TryFindPath("bin/hostname"u8, out var row).ShouldBeTrue();
        workshop.Tree(imported.Root)[row].Kind.ShouldBe(EntryKind.File);

        workshop.Restart();
        (await workshop.Importer.ImportAptAsync("hostname=" + candidate, CancellationToken.None)).Root.ShouldBe(imported.Root);
        (await Should.ThrowAsync<ImportRefusedException>(workshop.Importer.ImportAptAsync("no-such-package", CancellationToken.None))).Message.ShouldContain("no-such-package");
        Directory.GetFiles(Path.Join(workshop.State, "scratch")).ShouldBeEmpty();
    }

    [Fact]
    public async Task All_that_the_systems_own_sources_list_stands_in_the_indices()
    {
        using var workshop = new Workshop();
        var result = await workshop.Importer.SyncAsync(null, CancellationToken.None);
        result.Suites.ShouldNotBeEmpty();
        foreach (var suite in result.Suites)
        {
            var packages = Directory.GetFiles(workshop.State, $"Packages-{suite.Packages}", SearchOption.AllDirectories)[0];
            suite.Entries.ShouldBe(File.ReadLines(packages).Count(line => line.StartsWith("Package: ", StringComparison.Ordinal)));
            new SuiteIndex(workshop.Store, suite.Index).Entries().Count().ShouldBe(suite.Entries);
        }
        var newest = Tool.Run("sh", "-c", "apt-cache policy hostname | sed -n 's/^  Candidate: //p'").Trim().Replace(":", "%3a", StringComparison.Ordinal);
        var listed = result.Suites.Select(suite => (suite.Namespace, Entry: new SuiteIndex(workshop.Store, suite.Index).Find("hostname", newest))).First(found => found.Entry is not null);
        using var made = await workshop.Importer.MakeAsync(new ArtifactSource(listed.Namespace, listed.Entry!), CancellationToken.None);
        workshop.Tree(made.Package.Root).TryFindPath("bin/hostname"u8, out _).ShouldBeTrue();
        (await workshop.Importer.SyncAsync(null, CancellationToken.None)).Suites.ShouldAllBe(suite => !suite.IsChanged);
    }
}
