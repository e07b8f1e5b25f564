namespace SwarmFS.Import.Tests;

public class AptSourcesTests
{
    private static (List<AptSource> Sources, List<string> Warnings) Lines(string text)
    {
        var (sources, warnings) = (new List<AptSource>(), new List<string>());
        AptSources.ReadLines("list", text, "amd64", sources, warnings);
        return (sources, warnings);
    }

    private static (List<AptSource> Sources, List<string> Warnings) Paragraphs(string text)
    {
        var (sources, warnings) = (new List<AptSource>(), new List<string>());
        AptSources.ReadParagraphs("sources", text, "amd64", sources, warnings);
        return (sources, warnings);
    }

    [Fact]
    public void Both_forms_say_the_same()
    {
        var one = Lines("# comment\n\ndeb [arch=amd64,i386 signed-by=/usr/share/keyrings/a.gpg check-valid-until=no] http://example.org/debian bookworm main contrib # end\ndeb-src http://example.org/debian bookworm main\n");
        var two = Paragraphs("Types: deb deb-src\n# comment\nURIs: http://example.org/debian/\nSuites: bookworm\nComponents: main contrib\nArchitectures: amd64 i386\nSigned-By: /usr/share/keyrings/a.gpg\nCheck-Valid-Until: no\n");
        one.Warnings.ShouldBeEmpty();
        two.Warnings.ShouldBeEmpty();
        foreach (var source in new[] { one.Sources.ShouldHaveSingleItem(), two.Sources.ShouldHaveSingleItem() })
        {
            source.Root.ToString().ShouldBe("http://example.org/debian/dists/bookworm/");
            source.Components.ShouldBe(["main", "contrib"]);
            source.Keys.Keyrings.ShouldBe(["/usr/share/keyrings/a.gpg"]);
            source.CheckValidUntil.ShouldBe(false);
        }
    }

    [Fact]
    public void Disabled_sources_other_architectures_and_sources_of_sources_are_left_out_silently()
    {
        Paragraphs("Enabled: no\nTypes: deb\nURIs: http://e.org\nSuites: a\nComponents: b\n\nTypes: deb-src\nURIs: http://e.org\nSuites: a\nComponents: b\n").ShouldSatisfyAllConditions(
            r => r.Sources.ShouldBeEmpty(), r => r.Warnings.ShouldBeEmpty());
        Lines("deb [arch=arm64] http://e.org a b\n").ShouldSatisfyAllConditions(r => r.Sources.ShouldBeEmpty(), r => r.Warnings.ShouldBeEmpty());
    }

    [Theory]
    [InlineData("deb [trusted=yes] http://e.org a b", "Trusted")]
    [InlineData("deb mirror+http://e.org a b", "mirror+http://e.org")]
    [InlineData("deb ftp://e.org a b", "ftp")]
    [InlineData("deb cdrom:[Debian]/ a b", "cdrom")]
    [InlineData("deb http://e.org ../a b", "../a")]
    [InlineData("deb http://e.org a ../b", "component")]
    [InlineData("deb http://e.org a", "without components")]
    [InlineData("deb [signed-by=relative.gpg] http://e.org a b", "relative.gpg")]
    [InlineData("deb [signed-by=12345678] http://e.org a b", "12345678")]
    [InlineData("dep http://e.org a b", "not understood")]
    public void What_cannot_be_used_is_left_out_with_a_warning_that_names_its_place(string line, string reason)
    {
        var (sources, warnings) = Lines("\n" + line + "\n");
        sources.ShouldBeEmpty();
        var warning = warnings.ShouldHaveSingleItem();
        warning.ShouldContain("list:2");
        warning.ShouldContain(reason);
    }

    [Fact]
    public void Several_addresses_and_suites_make_a_source_each_and_flat_ones_are_understood()
    {
        var (sources, _) = Paragraphs("Types: deb\nURIs: http://a.org http://b.org/$(ARCH)\nSuites: one two\nComponents: main\n\nTypes: deb\nURIs: file:/srv/repo\nSuites: ./\n");
        sources.Select(s => s.Root.ToString()).ShouldBe([
            "http://a.org/dists/one/", "http://a.org/dists/two/", "http://b.org/amd64/dists/one/", "http://b.org/amd64/dists/two/", "file:///srv/repo/"]);
    }

    [Fact]
    public void A_malformed_file_is_told_and_the_others_count() => Paragraphs("Types deb\n").Warnings.ShouldHaveSingleItem().ShouldContain("sources");

    [Fact]
    public void What_apt_config_says_is_obeyed()
    {
        var configuration = AptConfiguration.Parse(
            "APT \"\";\nAPT::Architecture \"arm64\";\nAcquire::Check-Valid-Until \"false\";\nAcquire::http::Proxy \"http://proxy:3128\";\nAcquire::http::Proxy::direct.example.org \"DIRECT\";\nAcquire::https::Proxy \"\";\n");
        configuration.Architecture.ShouldBe("arm64");
        configuration.CheckValidUntil.ShouldBeFalse();
        configuration.CheckDate.ShouldBeTrue();
        var proxy = new AptProxy(configuration.Proxies);
        proxy.GetProxy(new Uri("http://example.org/")).ShouldBe(new Uri("http://proxy:3128"));
        proxy.GetProxy(new Uri("http://direct.example.org/")).ShouldBeNull();
    }

    [Fact]
    public async Task The_systems_own_sources_are_those_that_apt_asks()
    {
        var system = await AptSources.LoadAsync(new AptPaths(), TimeProvider.System, CancellationToken.None);
        var asked = Tool.Run("sh", "-c", "apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Identifier: Packages' | sort -u")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        system.Sources.Select(source => $"{source.Address} {source.Suite}").Distinct().Order(StringComparer.Ordinal).ShouldBe(asked.Order(StringComparer.Ordinal));
        system.Configuration.Architecture.ShouldBe(Tool.Run("dpkg", "--print-architecture").Trim());
    }
}
