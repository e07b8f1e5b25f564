namespace SwarmFS.Swarm.Tests;

public sealed class NodeIdentityTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("swarm-identity-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string KeyPath => Path.Combine(_directory, "node.key");

    [Fact]
    public void The_identity_is_the_same_after_a_restart_and_the_key_is_the_owners_alone()
    {
        using var first = NodeIdentity.LoadOrCreate(_directory);
        using var second = NodeIdentity.LoadOrCreate(_directory);

        second.Id.ShouldBe(first.Id);
        File.GetUnixFileMode(KeyPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.GetFiles(_directory).ShouldHaveSingleItem();
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused_with_the_remedy()
    {
        NodeIdentity.LoadOrCreate(_directory).Dispose();
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        var refused = Should.Throw<IdentityException>(() => NodeIdentity.LoadOrCreate(_directory));

        refused.Message.ShouldContain("chmod 600");
        File.Exists(KeyPath).ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a key")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    public void A_file_that_is_no_key_is_refused_and_left_alone(string content)
    {
        File.WriteAllText(KeyPath, content);
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Should.Throw<IdentityException>(() => NodeIdentity.LoadOrCreate(_directory)).Message.ShouldBe($"{KeyPath} holds no private key in PEM form: it is damaged, or something else. Restore it, or move it away to get a new identity.");
        File.ReadAllText(KeyPath).ShouldBe(content);
    }

    [Fact]
    public void An_unfinished_key_of_a_crash_is_replaced()
    {
        File.WriteAllText(KeyPath + ".new", "half");

        using var identity = NodeIdentity.LoadOrCreate(_directory);

        identity.Id.IsNone.ShouldBeFalse();
        File.Exists(KeyPath + ".new").ShouldBeFalse();
    }
}
