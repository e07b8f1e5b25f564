using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Daemon.State;
using SwarmFS.Swarm;

namespace SwarmFS.Daemon.Tests;

public sealed class StateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("daemon-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static Cid Root(int number) => Cid.Of(CidCodec.MessagePack, BitConverter.GetBytes(number));

    [Fact]
    public void Inode_slots_mean_the_same_after_a_restart()
    {
        var journal = new MemoryJournal();
        var first = new SlotFile(journal, NullLogger.Instance);
        uint[] given = [.. Enumerable.Range(0, 100).Select(number => first.GetOrAdd(Root(number)))];
        given.ShouldBe(Enumerable.Range(1, 100).Select(number => (uint)number));
        var second = new SlotFile(journal, NullLogger.Instance);
        second.GetOrAdd(Root(1000)).ShouldBe(101u);
        for (var number = 99; number >= 0; number--)
        {
            second.GetOrAdd(Root(number)).ShouldBe(given[number]);
            second.TryGetRoot(given[number], out var root).ShouldBeTrue();
            root.ShouldBe(Root(number));
        }
    }

    [Fact]
    public void A_slot_that_cannot_be_written_down_is_given_all_the_same()
    {
        var slots = new SlotFile(new FullJournal(), NullLogger.Instance);
        slots.GetOrAdd(Root(1)).ShouldBe(1u);
        slots.GetOrAdd(Root(1)).ShouldBe(1u);
        slots.GetOrAdd(Root(2)).ShouldBe(2u);
    }

    [Fact]
    public void Records_that_are_no_slots_are_skipped_and_the_first_word_on_a_slot_stands()
    {
        var journal = new MemoryJournal();
        new SlotFile(journal, NullLogger.Instance).GetOrAdd(Root(1));
        var good = journal.ReadAll().Single().ToArray();
        var other = new MemoryJournal();
        other.Append([1, 2, 3], durable: false);
        other.Append([0, 0, 0, 0, .. good.AsSpan(4)], durable: false);
        other.Append(good, durable: false);
        new SlotFile(journal, NullLogger.Instance).GetOrAdd(Root(2));
        var second = journal.ReadAll().Last().ToArray();
        second[0] = 1;
        other.Append(second, durable: false);
        var slots = new SlotFile(other, NullLogger.Instance);
        slots.TryGetRoot(1, out var root).ShouldBeTrue();
        root.ShouldBe(Root(1));
        slots.TryGetSlot(Root(2), out _).ShouldBeFalse();
    }

    [Fact]
    public void Peers_are_remembered_latest_first_and_a_damaged_line_costs_only_itself()
    {
        var path = Path.Combine(_directory, "peers");
        var book = new PeerBookFile(path, NullLogger.Instance);
        book.Load().ShouldBeEmpty();
        var old = new RememberedPeer(IPEndPoint.Parse("192.0.2.1:7401"), new NodeId(Sha256Digest.Of("a"u8)), DateTimeOffset.FromUnixTimeSeconds(100));
        var recent = new RememberedPeer(IPEndPoint.Parse("[2001:db8::1]:7401"), new NodeId(Sha256Digest.Of("b"u8)), DateTimeOffset.FromUnixTimeSeconds(200));
        book.Save([old, recent]);
        book.Load().ShouldBe([recent, old]);
        File.AppendAllText(path, "nonsense\n192.0.2.1:7401 short 5\n192.0.2.1 " + old.Id + " 5\n192.0.2.1:1 " + old.Id + " 99999999999999\n");
        book.Load().ShouldBe([recent, old]);
        File.Exists(path + ".new").ShouldBeFalse();
    }

    [Fact]
    public void Views_are_remembered_by_the_words_that_make_them()
    {
        var path = Path.Combine(_directory, "views");
        var file = new ViewFile(path, NullLogger.Instance);
        file.Load().ShouldBeEmpty();
        List<StandingView> views =
        [
            StandingView.Of("/swarm", "bcid", "/swarm/pkgs/tool/1:2.0~rc1"), StandingView.Of("/swarm", "bcid", "/swarm/cid/bcid"), StandingView.Of("/swarm", "bcid", "/mnt/with two  spaces"),
            StandingView.Of("/swarm", "bcid", "/swarm/pkgs/tool/1.0/usr/empty"),
        ];
        views.ShouldBe([new("tool/1:2.0~rc1", null), new("bcid", null), new("bcid", "/mnt/with two  spaces"), new("bcid", "/swarm/pkgs/tool/1.0/usr/empty")]);
        file.Save([.. views, new StandingView("bcid", "/mnt/line\nbreak")]);
        file.Load().ShouldBe(views);
        file.Save([]);
        File.Exists(path).ShouldBeFalse();
        Directory.CreateDirectory(path);
        file.Load().ShouldBeEmpty();
        file.Save(views);
    }

    [Fact]
    public void A_second_node_on_one_directory_is_refused_with_the_pid_of_the_first()
    {
        using (StateDirectory.Open(_directory))
        {
            var refused = Should.Throw<NodeStartException>(() => StateDirectory.Open(_directory));
            refused.Message.ShouldContain($"pid {Environment.ProcessId}");
            refused.Message.ShouldContain("down");
        }
        StateDirectory.Open(_directory).Dispose();
    }

    [Fact]
    public void A_damaged_journal_of_what_can_be_had_again_is_set_aside_and_begun_anew()
    {
        var path = Path.Combine(_directory, "inodes.log");
        for (var round = 0; round < 2; round++)
        {
            using (var journal = CacheJournal.Open(path, NullLogger.Instance))
            {
                journal.ReadAll().ShouldBeEmpty();
                var slots = new SlotFile(journal, NullLogger.Instance);
                for (var number = 0; number < 10; number++) slots.GetOrAdd(Root(number));
            }
            var bytes = File.ReadAllBytes(path);
            bytes[12] ^= 1;
            File.WriteAllBytes(path, bytes);
            CacheJournal.Open(path, NullLogger.Instance).Dispose();
            File.ReadAllBytes(path + ".damaged").ShouldBe(bytes);
        }
    }

    [Fact]
    public void A_state_path_that_no_socket_fits_into_is_refused_with_the_bound() =>
        Should.Throw<NodeStartException>(() => StateDirectory.Open(Path.Combine(_directory, new string('x', 100)))).Message.ShouldContain("107 bytes");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Readiness_is_told_to_the_socket_that_was_named(bool isAbstract)
    {
        var name = isAbstract ? "@swarmfs-test-" + Guid.NewGuid() : Path.Combine(_directory, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(isAbstract ? '\0' + name[1..] : name));
        new Readiness(name).Ready("all well");
        var buffer = new byte[256];
        System.Text.Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer)).ShouldBe("READY=1\nSTATUS=all well\n");
    }

    [Fact]
    public void Nobody_to_tell_is_no_failure()
    {
        new Readiness(null).Ready("x");
        new Readiness("/nonexistent/socket").Stopping();
    }

    private sealed class FullJournal : IJournal
    {
        public IEnumerable<ReadOnlyMemory<byte>> ReadAll() => [];

        public void Append(ReadOnlySpan<byte> record, bool durable) => throw new IOException("No space left on device");
    }
}
