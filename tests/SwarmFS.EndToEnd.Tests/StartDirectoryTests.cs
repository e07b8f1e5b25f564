using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>A node may be started anywhere, also where a stranger may write.</summary>
public class StartDirectoryTests
{
    [Fact]
    public async Task Programs_that_lie_where_the_node_was_started_are_never_run()
    {
        using var scratch = new Scratch();
        using var repository = await LocalRepository.CreateAsync(scratch["repository"]);
        await repository.BuildAsync("tool", "1.0", "a text");
        await repository.PublishAsync(ImporterAndFollower.FirstDate);
        var trap = Directory.CreateDirectory(scratch["trap"]).FullName;
        foreach (var name in new[] { "stat", "umount", "mount", "gpgv", "dpkg", "apt-config", "fusermount3", "sh", "setsid", "env", "swarmfs", "swarmfs-daemon" })
        {
            await File.WriteAllTextAsync(Path.Join(trap, name), $"#!/bin/sh\necho {name} >> '{scratch["sprung"]}'\n");
            File.SetUnixFileMode(Path.Join(trap, name), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
        await using var node = new TestNode(scratch["node"], host: null, "--apt-etc", repository.Etc) { Port = 0, StartedIn = trap };
        await node.StartAsync();

        (await node.ImportAsync("apt", "tool")).Name.ShouldBe("tool");
        (await Command.ShellAsync($"cat {node.Mount}/pkgs/tool/1.0/usr/share/tool/*")).Succeeded().ShouldContain("a text");
        (await node.StopAsync()).ShouldBe(0);

        File.Exists(scratch["sprung"]).ShouldBeFalse(File.Exists(scratch["sprung"]) ? await File.ReadAllTextAsync(scratch["sprung"]) : "");
    }
}
