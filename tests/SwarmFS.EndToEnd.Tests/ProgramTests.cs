using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>Programs and many readers at once on a cold mount.</summary>
public class ProgramTests
{
    [Fact]
    public async Task Programs_run_from_the_mount_and_many_readers_see_what_one_sees()
    {
        await using var pair = await Pair.CreateAsync();
        var tree = pair.Scratch["tree"];
        Content.WriteSmallFiles(Path.Join(tree, "small"), 2_000);
        Content.WriteLargeFile(Path.Join(tree, "large/one"), 40 << 20);
        (await Command.ShellAsync($"mkdir -p {tree}/bin && cp -L $(command -v python3) $(command -v sha256sum) {tree}/bin/ && cd {tree} && find . -type f -print0 | sort -z | xargs -0 sha256sum > {pair.Scratch["sums"]}")).Succeeded();
        await pair.Source.StartAsync();
        await pair.Reader.StartAsync();
        var mounted = await pair.PublishAsync(tree, "tool");

        (await Command.ShellAsync($"{mounted}/bin/sha256sum --version")).Succeeded().ShouldContain("sha256sum");
        (await Command.ShellAsync($"cd {mounted} && split -n r/16 {pair.Scratch["sums"]} {pair.Scratch["part."]} && ls {pair.Scratch["part."]}* | xargs -P16 -n1 sha256sum --quiet -c")).Succeeded();
        var parallel = (await Command.ShellAsync($"cd {mounted} && find . -type f -print0 | xargs -0 -P16 -n20 sha256sum | sort -k2 | sha256sum")).Succeeded();
        parallel.ShouldBe((await Command.ShellAsync($"sort -k2 {pair.Scratch["sums"]} | sha256sum")).Succeeded());
        var mapped = (await Command.ShellAsync(
            $"python3 -c \"import mmap,hashlib; f=open('{mounted}/large/one','rb'); print(hashlib.sha256(mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ)).hexdigest())\"")).Succeeded().Trim();
        (await File.ReadAllTextAsync(pair.Scratch["sums"])).ShouldContain($"{mapped}  ./large/one");
    }
}
