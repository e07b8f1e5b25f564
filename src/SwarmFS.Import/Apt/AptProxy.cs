using System.Net;

namespace SwarmFS.Import;

/// <summary>The proxy that apt's configuration names for an address; otherwise what the environment names.</summary>
internal sealed class AptProxy(IReadOnlyDictionary<string, string> proxies) : IWebProxy
{
    private readonly IWebProxy _environment = HttpClient.DefaultProxy;

    public ICredentials? Credentials { get; set; }

    public Uri? GetProxy(Uri destination)
    {
        if (Configured(destination) is not { } configured) return _environment.IsBypassed(destination) ? null : _environment.GetProxy(destination);
        return configured.Equals("DIRECT", StringComparison.OrdinalIgnoreCase) ? null : new Uri(configured);
    }

    public bool IsBypassed(Uri host) => GetProxy(host) is null;

    private string? Configured(Uri destination) =>
        proxies.GetValueOrDefault($"{destination.Scheme}::{destination.Host}") ?? proxies.GetValueOrDefault(destination.Scheme);
}
