using System.Text;
using SwarmFS.EndToEnd.Tests.Machines;

namespace SwarmFS.EndToEnd.Tests;

/// <summary>
/// Mirrors that lie, and who stands on the way to one (rows 3 to 6 of the threat table): nothing of it is believed or recorded, what was believed before stays readable, and the person is told
/// which source it was and why.
/// </summary>
public class HostileMirrorTests(HostileMirror mirror) : IClassFixture<HostileMirror>
{
    private static DateTimeOffset Newer => HostileMirror.Date.AddDays(1);

    [Fact]
    public async Task Packages_in_which_a_byte_was_altered_are_refused()
    {
        var newer = await mirror.NewerAsync();
        var packages = await File.ReadAllBytesAsync(mirror.Repository.Packages());
        packages[^20] ^= 1;
        await File.WriteAllBytesAsync(mirror.Repository.Packages(), packages);
        await ShouldRefuseAsync(newer, "does not have the SHA-256 that the signed Release lists");
    }

    [Fact]
    public async Task Packages_of_before_under_a_newer_Release_are_refused()
    {
        var stale = await File.ReadAllBytesAsync(mirror.Repository.Packages());
        var newer = await mirror.NewerAsync();
        await File.WriteAllBytesAsync(mirror.Repository.Packages(), stale);
        await ShouldRefuseAsync(newer, "bytes");
    }

    [Fact]
    public async Task Packages_that_are_missing_leave_the_old_state()
    {
        var newer = await mirror.NewerAsync();
        File.Delete(mirror.Repository.Packages());
        await ShouldRefuseAsync(newer, "cannot be read");
    }

    [Fact]
    public Task An_unsigned_Release_is_refused() => ShouldRefuseAsync(Encoding.UTF8.GetBytes(mirror.Repository.Release(Newer)), "not signed");

    [Fact]
    public async Task A_Release_signed_by_a_key_that_the_source_does_not_name_is_refused() => await ShouldRefuseAsync(await mirror.SignedByStrangerAsync(), "unknown key");

    [Fact]
    public async Task A_Release_that_lists_only_weak_hashes_is_refused() => await ShouldRefuseAsync(await mirror.SignedAsync(mirror.Repository.Release(Newer, hash: "MD5Sum")), "no SHA-256");

    [Fact]
    public async Task A_Release_older_than_the_accepted_one_is_refused_also_after_a_restart()
    {
        var old = await mirror.SignedAsync(mirror.Repository.Release(HostileMirror.Date.AddDays(-1)));
        await ShouldRefuseAsync(old, "rolled back");
        await mirror.Node.KillAsync();
        await mirror.Node.StartAsync();
        await ShouldRefuseAsync(old, "rolled back");
    }

    [Fact]
    public async Task Another_Release_of_the_same_date_is_refused() =>
        await ShouldRefuseAsync(await mirror.SignedAsync("Label: other\n" + mirror.Repository.Release(HostileMirror.Date)), "another text of the same Date");

    [Fact]
    public Task The_Release_of_another_suite_by_the_same_key_is_refused() => ShouldRefuseAsync(mirror.OtherSuite, "it is of the suite 'testing'");

    [Fact]
    public async Task A_Release_from_the_future_is_refused() => await ShouldRefuseAsync(await mirror.SignedAsync(mirror.Repository.Release(DateTimeOffset.UtcNow.AddDays(1))), "in the future");

    [Fact]
    public async Task A_Release_that_was_valid_until_yesterday_is_refused() =>
        await ShouldRefuseAsync(await mirror.SignedAsync(FormattableString.Invariant($"Valid-Until: {DateTimeOffset.UtcNow.AddDays(-1):ddd, dd MMM yyyy HH:mm:ss} UTC\n") + mirror.Repository.Release(Newer)), "valid until");

    [Fact]
    public async Task A_Release_whose_text_was_altered_is_refused() =>
        await ShouldRefuseAsync(Encoding.UTF8.GetBytes(mirror.Accepted.Replace("Origin: Test", "Origin: Toast", StringComparison.Ordinal)), "altered");

    [Fact]
    public async Task A_truncated_Release_is_refused_wherever_it_is_cut()
    {
        var bytes = Encoding.UTF8.GetBytes(mirror.Accepted);
        foreach (var length in (int[])[0, 10, bytes.Length / 4, bytes.Length / 2, bytes.Length - 40]) await ShouldRefuseAsync(bytes[..length], "InRelease is refused");
    }

    [Theory]
    [InlineData("", "\nOrigin: Evil\n")]
    [InlineData("Origin: Evil\n\n", "")]
    public Task Something_before_or_behind_the_signed_text_is_refused(string before, string behind) => ShouldRefuseAsync(Encoding.UTF8.GetBytes(before + mirror.Accepted + behind), "InRelease is refused");

    [Theory]
    [InlineData("\n", "  \n")]
    [InlineData("\n", "\t\r\n")]
    [InlineData("Components: main\n", "Components: main\r\n")]
    [InlineData("Components: main\n", "- Components: main\n")]
    public async Task What_changes_the_file_and_not_the_signed_text_says_the_same_as_before(string part, string replacement)
    {
        var before = await mirror.Node.OwnLogAsync();
        var signature = mirror.Accepted.IndexOf("-----BEGIN PGP SIGNATURE-----", StringComparison.Ordinal);

        var sync = await mirror.SyncWithAsync(Encoding.UTF8.GetBytes(mirror.Accepted[..signature].Replace(part, replacement, StringComparison.Ordinal) + mirror.Accepted[signature..]));

        sync.Succeeded().ShouldContain("as before");
        (await mirror.Node.OwnLogAsync()).Checkpoint.ShouldBe(before.Checkpoint);
        await mirror.ShouldShowWhatWasAcceptedAsync();
    }

    private async Task ShouldRefuseAsync(byte[] inRelease, string why)
    {
        var before = await mirror.Node.OwnLogAsync();

        var sync = await mirror.SyncWithAsync(inRelease);

        sync.ExitCode.ShouldBe(1, sync.Output + sync.Error);
        sync.Error.ShouldContain(mirror.Repository.Address);
        sync.Error.ShouldContain(why);
        (await mirror.Node.OwnLogAsync()).Checkpoint.ShouldBe(before.Checkpoint);
        await mirror.ShouldShowWhatWasAcceptedAsync();
        (await mirror.Node.StatusAsync()).Health.Problems.ShouldContain(problem => problem.Contains(why));
        (await mirror.Node.SwarmAsync("sync")).Succeeded();
        (await mirror.Node.StatusAsync()).Health.Problems.ShouldBeEmpty();
    }
}
