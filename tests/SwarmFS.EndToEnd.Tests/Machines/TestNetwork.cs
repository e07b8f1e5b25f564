namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>
/// A bridge with one network namespace per host, made for one test and taken down with it. Addresses are 10.213.N.H, N being the network's number.
/// </summary>
public sealed class TestNetwork : IAsyncDisposable
{
    private static int _networks;

    private readonly int _number = Interlocked.Increment(ref _networks);
    private readonly string _prefix;
    private int _hosts;

    private TestNetwork() => _prefix = $"sw{Environment.ProcessId % 10000:x}{_number:x}";

    private string Bridge => _prefix + "br";

    /// <summary>The address of the test process itself in this network.</summary>
    public string OwnAddress => $"10.213.{_number}.254";

    public static async Task<TestNetwork> CreateAsync()
    {
        var network = new TestNetwork();
        (await Command.ShellAsync(
            $"ip link add {network.Bridge} type bridge && ip addr add {network.OwnAddress}/24 dev {network.Bridge} && ip link set {network.Bridge} up")).Succeeded();
        return network;
    }

    public async Task<TestHost> AddHostAsync()
    {
        var number = ++_hosts;
        var (space, inside, outside) = ($"{_prefix}h{number}", $"{_prefix}i{number}", $"{_prefix}o{number}");
        (await Command.ShellAsync(
            $"ip netns add {space} && ip link add {outside} type veth peer name {inside} netns {space} && ip link set {outside} master {Bridge} up"
            + $" && ip -n {space} addr add 10.213.{_number}.{number}/24 dev {inside} && ip -n {space} link set {inside} up && ip -n {space} link set lo up")).Succeeded();
        return new TestHost(space, $"10.213.{_number}.{number}", outside, inside);
    }

    public async ValueTask DisposeAsync()
    {
        for (var number = 1; number <= _hosts; number++) await Command.ShellAsync($"ip netns del {_prefix}h{number}");
        await Command.ShellAsync($"ip link del {Bridge}");
    }
}

/// <summary>A host of a <see cref="TestNetwork"/>.</summary>
/// <param name="Space">Its network namespace.</param>
/// <param name="Link">The end of its cable at the bridge.</param>
/// <param name="OwnLink">The end of its cable that it sees.</param>
public sealed record TestHost(string Space, string Address, string Link, string OwnLink)
{
    /// <summary>Pulls the cable, or puts it back: packets vanish without an answer.</summary>
    public async Task SetLinkAsync(bool up) => (await Command.ShellAsync($"ip link set {Link} {(up ? "up" : "down")}")).Succeeded();

    /// <summary>Makes the way to it slow: what comes faster waits for up to 100 ms and is then dropped, as at a provider's.</summary>
    public Task SetRateAsync(int megabitsPerSecond) => ShapeAsync($"dev {Link}", megabitsPerSecond);

    /// <summary>The same for the way from it, which is a home's slower one.</summary>
    public Task SetUploadRateAsync(int megabitsPerSecond) => ShapeAsync($"dev {OwnLink}", megabitsPerSecond, $"-n {Space}");

    private static async Task ShapeAsync(string device, int megabitsPerSecond, string where = "") =>
        (await Command.ShellAsync($"tc {where} qdisc replace {device} root tbf rate {megabitsPerSecond}mbit burst 64kb latency 100ms")).Succeeded();

    /// <summary>Bytes that its open TCP connections have received, each counted once however often it was sent: a busy machine drops packets.</summary>
    public async Task<long> TcpBytesAsync() => long.Parse((await Command.ShellAsync(
        $"nsenter --net=/run/netns/{Space} ss -tinH | grep -o 'bytes_received:[0-9]*' | cut -d: -f2 | awk '{{ sum += $1 }} END {{ print sum + 0 }}'")).Succeeded());

    /// <summary>Bytes that came over its cable since it was made, headers and repeats included.</summary>
    public async Task<long> ReceivedBytesAsync() => long.Parse((await Command.ShellAsync($"cat /sys/class/net/{Link}/statistics/tx_bytes")).Succeeded());
}
