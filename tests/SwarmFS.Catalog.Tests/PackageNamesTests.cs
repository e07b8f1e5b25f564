namespace SwarmFS.Catalog.Tests;

public class PackageNamesTests
{
    [Theory]
    [InlineData("..", false)]
    [InlineData("", false)]
    [InlineData("a/b", false)]
    [InlineData(".hidden", false)]
    [InlineData("g++-12", true)]
    [InlineData("lib32z1", true)]
    [InlineData("naïve", false)]
    public void Only_names_that_may_stand_in_a_path_are_names(string name, bool expected) => PackageNames.IsName(name).ShouldBe(expected);

    [Theory]
    [InlineData("latest", false)]
    [InlineData("1:2-3", false)]
    [InlineData("1%3a2-3", true)]
    [InlineData("1%3A2-3", false)]
    [InlineData("1%2f2", false)]
    [InlineData("2.36-9+deb12u14~bpo1", true)]
    [InlineData("~1", false)]
    public void Only_versions_that_may_stand_in_a_path_are_versions(string version, bool expected) => PackageNames.IsPathVersion(version).ShouldBe(expected);
}
