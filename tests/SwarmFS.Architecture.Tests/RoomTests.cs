using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SwarmFS.Architecture.Tests;

/// <summary>The table of rooms in src/ARCHITECTURE.md, as the projects must have it. A room that is split or merged changes this table in the same commit.</summary>
public partial class RoomTests
{
    private static readonly Dictionary<string, string[]> AllowedReferences = new()
    {
        ["Core"] = [],
        ["Signing"] = ["Core"],
        ["Transparency"] = ["Core", "Signing"],
        ["Store"] = ["Core"],
        ["Wire"] = ["Core"],
        ["Swarm"] = ["Core", "Wire"],
        ["Retrieval"] = ["Core"],
        ["Catalog"] = ["Core", "Signing", "Transparency"],
        ["Gateway"] = ["Core", "Transparency", "Catalog"],
        ["Import"] = ["Core", "Catalog"],
        ["Fuse"] = [],
        ["Images"] = ["Core"],
        ["Mount"] = ["Core", "Fuse", "Images", "Catalog"],
        ["Control"] = [],
        ["Daemon"] = ["Core", "Signing", "Transparency", "Store", "Wire", "Swarm", "Retrieval", "Catalog", "Gateway", "Import", "Fuse", "Images", "Mount", "Control"],
        ["Cli"] = ["Core", "Signing", "Transparency", "Catalog", "Control"],
    };

    private static readonly string Top = FindTop();

    private static string FindTop([CallerFilePath] string here = "")
    {
        var directory = Path.GetDirectoryName(here);
        while (directory is not null && !File.Exists(Path.Join(directory, "SwarmFS.sln"))) directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("SwarmFS.sln is not above this file.");
    }

    private static string ProjectFile(string room) => Path.Join(Top, "src", $"SwarmFS.{room}", $"SwarmFS.{room}.csproj");

    private static IEnumerable<string> SourceFiles(string room) =>
        Directory.EnumerateFiles(Path.GetDirectoryName(ProjectFile(room))!, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/") && !path.Contains("/bin/"));

    public static TheoryData<string> Rooms => [.. AllowedReferences.Keys];

    [Fact]
    public void The_rooms_are_the_ones_in_the_table() =>
        Directory.EnumerateDirectories(Path.Join(Top, "src"), "SwarmFS.*").Select(path => Path.GetFileName(path)["SwarmFS.".Length..])
            .ShouldBe(AllowedReferences.Keys, ignoreOrder: true);

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_refers_only_to_the_rooms_that_the_table_allows(string room) =>
        XDocument.Load(ProjectFile(room)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)["SwarmFS.".Length..])
            .Except(AllowedReferences[room]).ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_has_tests_of_its_own(string room) =>
        File.Exists(Path.Join(Top, "tests", $"SwarmFS.{room}.Tests", $"SwarmFS.{room}.Tests.csproj")).ShouldBe(room is not "Control");

    [Theory]
    [InlineData("Core")]
    [InlineData("Wire")]
    [InlineData("Retrieval")]
    [InlineData("Catalog")]
    [InlineData("Images")]
    [InlineData("Mount")]
    public void A_room_of_values_and_questions_opens_neither_files_nor_sockets(string room)
    {
        foreach (var file in SourceFiles(room))
            FileOrSocket().Match(File.ReadAllText(file)).Value.ShouldBeEmpty(file);
    }

    [GeneratedRegex(@"\bnew (FileStream|Socket|TcpClient|UdpClient|HttpClient)\b|\bFile\.(Open|Read|Write|Create|Delete|Move|Append)|\bDirectory\.(Create|Delete|Move)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex FileOrSocket();

    [Fact]
    public void Nothing_but_the_listed_entries_stands_at_the_top()
    {
        string[] allowed =
        [
            "src", "tests", "native-shims", "scripts", "SwarmFS.sln", "Makefile", "README.md", "LICENSE", "global.json", "Directory.Build.props", "Directory.Packages.props",
            ".ci", ".git", ".gitignore", ".gitattributes", ".editorconfig", "artifacts",
        ];
        Directory.EnumerateFileSystemEntries(Top).Select(Path.GetFileName).Except(allowed).ShouldBeEmpty();
    }

    [Fact]
    public void No_source_file_carries_regions_or_unfinished_work()
    {
        foreach (var file in AllowedReferences.Keys.SelectMany(SourceFiles))
            Unfinished().Match(File.ReadAllText(file)).Value.ShouldBeEmpty(file);
    }

    /// <summary>.NET looks for a program that is named without a directory beside the running one and in the current directory before it looks in PATH.</summary>
    [Fact]
    public void Other_programs_are_named_by_their_whole_paths()
    {
        foreach (var file in AllowedReferences.Keys.SelectMany(SourceFiles))
            BareProgram().Match(File.ReadAllText(file)).Value.ShouldBeEmpty(file);
    }

    /// <summary>.NET's own flushes return as if all were well when fsync(2) fails: <c>Durable</c> does not.</summary>
    [Fact]
    public void Nothing_is_flushed_to_disk_without_hearing_of_a_failure()
    {
        foreach (var file in AllowedReferences.Keys.SelectMany(SourceFiles))
            DeafFlush().Match(File.ReadAllText(file)).Value.ShouldBeEmpty(file);
    }

    [GeneratedRegex(@"\bFlushToDisk\s*\(|\bflushToDisk\s*:|\.Flush\(true\)|\bFileOptions\.WriteThrough", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex DeafFlush();

    [GeneratedRegex(@"(ProcessStartInfo|ChildProcess\.RunAsync|RunProgramAsync|Process\.Start)\s*\(\s*""[^/""]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex BareProgram();

    [GeneratedRegex(@"^\s*#region|\bTODO\b|\bFIXME\b|NotImplementedException|#pragma warning disable(?! \w+ //)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Unfinished();
}
