using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse.Tests;

public class HandshakeTests
{
    private const uint Offered7_38 = 0x73FF_FFFB;
    private static readonly FuseMountOptions Options = new() { MountPoint = "/nowhere", Passthrough = true };

    [Fact]
    public void An_older_kernel_gets_only_what_it_offers()
    {
        var reply = FuseHandshake.Choose(new FuseInitIn { Major = 7, Minor = 38, MaxReadahead = 131072, Flags = Offered7_38, Flags2 = 0 }, Options);
        reply.Minor.ShouldBe(38u);
        (reply.Flags & ~Offered7_38).ShouldBe(0u);
        (reply.Flags2, reply.MaxStackDepth).ShouldBe((0u, 0u));
        reply.MaxPages.ShouldBe((ushort)256);
    }

    [Fact]
    public void A_newer_kernel_is_answered_in_the_version_that_is_known()
    {
        var reply = FuseHandshake.Choose(new FuseInitIn { Major = 7, Minor = 99, Flags = uint.MaxValue, Flags2 = uint.MaxValue }, Options);
        reply.Minor.ShouldBe(45u);
        (reply.Flags2 & 1u << 5).ShouldNotBe(0u);
        reply.MaxStackDepth.ShouldBe(1u);
    }

    [Fact]
    public void Nothing_is_taken_from_the_second_word_of_a_kernel_that_does_not_announce_it()
    {
        var reply = FuseHandshake.Choose(new FuseInitIn { Major = 7, Minor = 35, Flags = Offered7_38 & ~(1u << 30), Flags2 = uint.MaxValue }, Options);
        reply.Flags2.ShouldBe(0u);
    }

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    public void The_kernel_keeps_ACLs_in_mind_only_where_there_are_none_and_it_checks_by_itself(bool hasAcls, bool checksPermissions, bool keeps)
    {
        var options = Options with { HasAcls = hasAcls, DefaultPermissions = checksPermissions };
        var reply = FuseHandshake.Choose(new FuseInitIn { Major = 7, Minor = 38, Flags = Offered7_38 }, options);
        ((FuseInitFlags)reply.Flags).HasFlag(FuseInitFlags.PosixAcl).ShouldBe(keeps);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    public void The_shorter_INIT_of_older_kernels_is_understood(int argumentBytes)
    {
        var channel = new RecordingChannel { Init = Init(7, 31, argumentBytes) };
        var agreement = FuseHandshake.Perform(channel, Options);
        agreement.Minor.ShouldBe(31);
        var (header, payload) = channel.Answers.Single();
        (header.Unique, header.Error, payload.Length).ShouldBe((1ul, 0, Unsafe.SizeOf<FuseInitOut>()));
    }

    [Theory]
    [InlineData(6, 31)]
    [InlineData(7, 30)]
    public void A_kernel_too_old_is_named(uint major, uint minor) =>
        Should.Throw<FuseMountException>(() => FuseHandshake.Perform(new RecordingChannel { Init = Init(major, minor, 64) }, Options))
            .Message.ShouldContain($"{major}.{minor}");

    [Fact]
    public void What_is_no_INIT_is_refused()
    {
        Should.Throw<FuseMountException>(() => FuseHandshake.Perform(new RecordingChannel { Init = Message.Lookup(1, 1, "x") }, Options));
        Should.Throw<FuseMountException>(() => FuseHandshake.Perform(new RecordingChannel { Init = Init(7, 45, 8) }, Options));
        Should.Throw<FuseMountException>(() => FuseHandshake.Perform(new RecordingChannel(), Options)).Errno.ShouldBe(Errno.ENODEV);
    }

    private static byte[] Init(uint major, uint minor, int argumentBytes)
    {
        var arguments = new byte[64];
        MemoryMarshal.Write(arguments, new FuseInitIn { Major = major, Minor = minor, Flags = Offered7_38 & ~(1u << 30) });
        return Message.Make(FuseOpcode.Init, 1, 0, arguments.AsSpan(0, argumentBytes));
    }
}
