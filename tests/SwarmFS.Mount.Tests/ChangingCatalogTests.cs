namespace SwarmFS.Mount.Tests;

/// <summary>What appears in the catalogue is seen at once, even where the kernel was told to remember the contrary for a minute.</summary>
public sealed class ChangingCatalogTests : IDisposable
{
    private readonly MountedHost _host = MountedHost.Start("--timeout=60");
    private readonly string _root;

    public ChangingCatalogTests()
    {
        _host.Run("mkdir -p $S/one/sub $S/two; echo 1 > $S/one/file; echo 2 > $S/two/file");
        _root = _host.Do($"add known 1.0 {_host.Scratch}/one");
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void A_name_that_was_looked_up_in_vain_is_there_when_it_is_published()
    {
        _host.Shell("stat $M/pkgs/fresh").ExitCode.ShouldBe(1);
        _host.Shell("stat $M/pkgs/fresh/1.0/file; ls $M/pkgs").Output.ShouldBe("known\n");
        _host.Do($"add fresh 1.0 {_host.Scratch}/two");
        _host.Eventually("cat $M/pkgs/fresh/1.0/file && test \"$(ls $M/pkgs)\" = 'fresh\nknown'".Replace("\\n", "\n", StringComparison.Ordinal));
    }

    [Fact]
    public void A_new_version_appears_and_latest_moves_though_both_were_remembered()
    {
        _host.Run("readlink $M/pkgs/known/latest; cat $M/pkgs/known/latest/file; ls $M/pkgs/known").ShouldBe("1.0\n1\n1.0\nlatest");
        _host.Shell("stat $M/pkgs/known/2.0").ExitCode.ShouldBe(1);
        _host.Do($"add known 2.0 {_host.Scratch}/two");
        _host.Eventually("test $(cat $M/pkgs/known/2.0/file) = 2 && test $(readlink $M/pkgs/known/latest) = 2.0 && test $(cat $M/pkgs/known/latest/file) = 2 && test $(ls $M/pkgs/known | wc -l) = 3");
        _host.Run("cat $M/pkgs/known/1.0/file").ShouldBe("1");
    }

    [Fact]
    public void Who_works_in_a_version_keeps_his_path_when_another_appears()
    {
        using var worker = _host.Begin("cd $M/pkgs/known/1.0/sub; echo in; until test -d ../../2.0; do sleep 0.02; done; sleep 0.2; /bin/pwd -P; cat ../file");
        worker.StandardOutput.ReadLine().ShouldBe("in");
        _host.Do($"add known 2.0 {_host.Scratch}/two");
        worker.StandardOutput.ReadToEnd().ShouldBe($"{_host.MountPoint}/pkgs/known/1.0/sub\n1\n", worker.StandardError.ReadToEnd());
    }

    [Fact]
    public void A_release_that_nobody_has_unpacked_is_listed_and_made_when_it_is_looked_up()
    {
        _host.Do("publish lazy 3.0 unknown");
        _host.Run("ls $M/pkgs/lazy; ls -l --color=never $M/pkgs/lazy > /dev/null || true").ShouldBe("3.0\nlatest");
        _host.Shell("cat $M/pkgs/lazy/3.0/file").Error.ShouldContain("Input/output error");
        _host.Do($"resolve {_root}");
        _host.Run("cat $M/pkgs/lazy/latest/file").ShouldBe("1");
    }

    [Fact]
    public void Ten_thousand_names_are_listed_in_order_without_bringing_in_one_of_them()
    {
        _host.Do($"names 10000 {_root}");
        _host.Eventually("test $(ls $M/pkgs | wc -l) = 10001");
        _host.Run("ls -U $M/pkgs > $S/names; sort -c $S/names; test $(sort -u $S/names | wc -l) = 10001");
        _host.Run("ls -U $M/pkgs/name000077").ShouldBe("latest\n1.0");
        _host.Count("swarmfs.mount.trees_awaited").ShouldBe(0);
    }

    [Fact]
    public void A_listing_goes_on_where_it_was_though_the_catalogue_changes_meanwhile()
    {
        _host.Do($"names 5000 {_root}");
        _host.Eventually("test $(ls $M/pkgs | wc -l) = 5001");
        using var reader = _host.Begin($$"""
            exec python3 -c "
            import os, sys
            names = []
            with os.scandir('$M/pkgs') as entries:
                for i, e in enumerate(entries):
                    names.append(e.name)
                    if i == 100:
                        print('half', flush=True)
                        while not os.path.exists('$S/go'): pass
            assert len(names) == len(set(names)) and len(names) >= 5001, len(names)
            print('done')
            "
            """);
        reader.StandardOutput.ReadLine().ShouldBe("half");
        _host.Do($"publish aaa 1.0 {_root}");
        _host.Run("touch $S/go");
        reader.StandardOutput.ReadLine().ShouldBe("done", reader.StandardError.ReadToEnd());
    }
}
