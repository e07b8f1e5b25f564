using SwarmFS.Fuse;
using SwarmFS.Testing;

namespace SwarmFS.Mount.Tests;

public sealed class StatusNodesTests
{
    [Fact]
    public void A_status_file_that_does_not_change_can_be_read_however_often_another_one_has_changed()
    {
        var changes = 0;
        var time = new ManualTimeProvider();
        var nodes = new StatusNodes(new StatusFiles([new StatusFile("still", () => [1]), new StatusFile("changing", () => BitConverter.GetBytes(changes++))]), time);
        for (var round = 0; round < 600; round++)
        {
            FuseEntry still = default, changing = default;
            nodes.Lookup("still"u8, ref still);
            nodes.Lookup("changing"u8, ref changing);
            nodes.Lookup("still"u8, ref still);
            nodes.Read(new NodeNumber(still.NodeId), 0, new byte[8]).ShouldBe(FuseResult.Bytes(1), $"round {round}");
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
