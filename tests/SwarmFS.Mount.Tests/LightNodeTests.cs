namespace SwarmFS.Mount.Tests;

/// <summary>A node that knows only what was asked for, behind a real mount.</summary>
public sealed class LightNodeTests : IDisposable
{
    private readonly MountedHost _host = MountedHost.Start();

    public LightNodeTests()
    {
        _host.Run("mkdir $S/source; echo found > $S/source/file");
        var root = _host.Do($"add known 1.0 {_host.Scratch}/source");
        _host.Do($"elsewhere far 1.0 {root}");
        _host.Do("partial");
        _host.Do("catalogue-latency 50");
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void A_name_is_asked_for_when_it_is_looked_up_and_then_listed()
    {
        _host.Run("ls $M/pkgs").ShouldBe("known");
        _host.Run("cat $M/pkgs/far/latest/file").ShouldBe("found");
        _host.Eventually("test \"$(ls $M/pkgs | tr '\\n' ' ')\" = 'far known '");
        _host.Do("find-calls").ShouldBe("1");
    }

    [Fact]
    public void A_proven_absence_is_believed_for_a_second_and_asked_again_after_it()
    {
        _host.Shell("for i in $(seq 5); do stat $M/pkgs/nowhere; done; stat $M/pkgs/.hidden $M/pkgs/-x").Error.ShouldContain("No such file");
        _host.Do("find-calls").ShouldBe("1", "what can be no name is not asked for");
        _host.Shell("sleep 1.2; stat $M/pkgs/nowhere").Error.ShouldContain("No such file");
        _host.Do("find-calls").ShouldBe("2");
    }

    [Fact]
    public void Without_a_proof_it_is_an_error_and_not_an_absence()
    {
        _host.Do("cut-off yes");
        _host.Shell("stat $M/pkgs/far").Error.ShouldContain("Input/output error");
        _host.Do("cut-off no");
        _host.Run("cat $M/pkgs/far/1.0/file").ShouldBe("found");
    }
}
