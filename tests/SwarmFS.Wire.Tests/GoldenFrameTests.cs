using System.Runtime.CompilerServices;

namespace SwarmFS.Wire.Tests;

/// <summary>The frames as they are frozen in tests/golden/frames, in hexadecimal. SWARMFS_GOLDEN=write makes them anew: a change there is a change of the protocol.</summary>
public sealed class GoldenFrameTests
{
    public static TheoryData<string> Names() => [.. Samples.Frames().Select(sample => sample.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_frame_has_the_bytes_that_were_frozen(string name)
    {
        var frame = Samples.Frames().Single(sample => sample.Name == name).Frame;
        var path = Path.Combine(Folder(), name + ".hex");
        if (Environment.GetEnvironmentVariable("SWARMFS_GOLDEN") == "write") File.WriteAllText(path, Convert.ToHexStringLower(frame) + "\n");

        Convert.ToHexStringLower(frame).ShouldBe(File.ReadAllText(path).Trim());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_frozen_frame_is_read_and_written_back_alike(string name)
    {
        var frame = Convert.FromHexString(File.ReadAllText(Path.Combine(Folder(), name + ".hex")).Trim());

        Reencoder.TryReencode(frame, out var error).ShouldBe(frame, error);
    }

    [Fact]
    public void Every_kind_of_frame_is_frozen()
    {
        var kinds = Samples.Frames().Select(sample => (FrameKind)sample.Frame[0]).Order();

        kinds.ShouldBe(Enum.GetValues<FrameKind>().Where(kind => kind != FrameKind.None));
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "golden", "frames"));
}
