using System.Net.NetworkInformation;

namespace SwarmFS.Daemon;

/// <summary>Tells when this machine's addresses change (a cable, another wireless network, a wake-up), until it is disposed: peers that were out of reach may be in reach again.</summary>
internal sealed class NetworkWatch : IDisposable
{
    private readonly Action _changed;

    public NetworkWatch(Action changed)
    {
        _changed = changed;
        NetworkChange.NetworkAddressChanged += Tell;
    }

    public void Dispose() => NetworkChange.NetworkAddressChanged -= Tell;

    private void Tell(object? sender, EventArgs e) => _changed();
}
