using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>
/// TLS 1.3 over TCP, certificates both ways, ALPN <c>swarmfs/1</c>. Certificates are self-signed, so nothing that a chain could prove is asked for; what is asked for is exactly
/// one certificate, with a P-256 key, valid today, not our own. The policy of the platform would fetch URLs that a certificate names; that is switched off.
/// </summary>
public sealed class TlsTcpTransport(NodeIdentity identity, TimeProvider time) : IPeerTransport
{
    internal static readonly SslApplicationProtocol Protocol = new("swarmfs/1");

    /// <summary>
    /// AES-128-GCM, which every TLS 1.3 has (RFC 8446, 9.1), before the default's AES-256-GCM: 3.0 GB/s instead of 2.3 on a core without VAES. The order of who is called counts.
    /// Null where the platform decides by itself.
    /// </summary>
    private static readonly CipherSuitesPolicy? Ciphers = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()
        ? new([TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256])
        : null;

    /// <summary>Callers that the kernel holds before they are accepted.</summary>
    private const int Backlog = 64;

    /// <summary>The addresses of a name; a test has its own.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { private get; init; } = Dns.GetHostAddressesAsync;

    public IPeerListener Listen(EndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // "Any address" means IPv4 as well; a certain IPv6 address is that alone.
            if (endPoint is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            // .NET lets it bind to an address that old connections still hold. ReuseAddress would let two nodes share one: on Unix it is SO_REUSEPORT as well.
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return new Listener(socket, this);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async Task<IPeerLink> DialAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = await ConnectAsync(endPoint, cancellationToken);
        try
        {
            return await AuthenticateAsync(socket, client: true, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Socket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken) =>
        endPoint is DnsEndPoint name
            ? await new ConnectionRace(time).ConnectAsync(await Resolve(name.Host, cancellationToken), name.Port, cancellationToken)
            : await ConnectionRace.ConnectAsync(endPoint, cancellationToken);

    /// <summary>The socket is the link's afterwards; on failure it stays the caller's.</summary>
    private async Task<IPeerLink> AuthenticateAsync(Socket socket, bool client, CancellationToken cancellationToken)
    {
        socket.NoDelay = true;
        KeepQueueShort(socket);
        var remote = socket.RemoteEndPoint ?? throw new IOException("The connection ended before it began.");
        var check = new CertificateCheck(identity.Id, time);
        var tls = new SslStream(new BatchedSocketStream(socket), leaveInnerStreamOpen: true);
        try
        {
            if (client) await tls.AuthenticateAsClientAsync(ClientOptions(check), cancellationToken);
            else await tls.AuthenticateAsServerAsync(ServerOptions(check), cancellationToken);
            if (tls.NegotiatedApplicationProtocol != Protocol) throw new PeerRefusedException("the other side did not agree on the protocol swarmfs/1");
            return new Link(socket, tls, check.Accepted, remote);
        }
        catch (AuthenticationException refused)
        {
            await tls.DisposeAsync();
            throw new PeerRefusedException(check.Refusal ?? $"TLS: {refused.GetBaseException().Message}", refused) { IsSelf = check.IsSelf };
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// What the kernel has taken cannot be overtaken by something more urgent: TCP_NOTSENT_LOWAT holds the writer back until little is left unsent. The window in flight
    /// stays as large as the path needs.
    /// </summary>
    private static void KeepQueueShort(Socket socket)
    {
        const int tcp = 6, notSentLowWater = 25, bytes = 256 << 10;
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(tcp, notSentLowWater, BitConverter.GetBytes(bytes));
    }

    private SslClientAuthenticationOptions ClientOptions(CertificateCheck check) => new()
    {
        TargetHost = "",
        EnabledSslProtocols = SslProtocols.Tls13,
        ClientCertificates = [identity.Certificate],
        LocalCertificateSelectionCallback = (_, _, _, _, _) => identity.Certificate,
        ApplicationProtocols = [Protocol],
        AllowTlsResume = false,
        CertificateChainPolicy = OwnChecksAlone(),
        RemoteCertificateValidationCallback = check.Validate,
    };

    private SslServerAuthenticationOptions ServerOptions(CertificateCheck check) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls13,
        CipherSuitesPolicy = Ciphers,
        ServerCertificate = identity.Certificate,
        ClientCertificateRequired = true,
        ApplicationProtocols = [Protocol],
        AllowTlsResume = false,
        CertificateChainPolicy = OwnChecksAlone(),
        RemoteCertificateValidationCallback = check.Validate,
    };

    private static X509ChainPolicy OwnChecksAlone() => new()
    {
        DisableCertificateDownloads = true,
        RevocationMode = X509RevocationMode.NoCheck,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
    };

    private sealed class Listener(Socket socket, TlsTcpTransport transport) : IPeerListener
    {
        public EndPoint EndPoint { get; } = socket.LocalEndPoint ?? throw new InvalidOperationException("A listening socket has an address.");

        public async Task<IIncomingLink?> AcceptAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                try
                {
                    var accepted = await socket.AcceptAsync(cancellationToken);
                    if (accepted.RemoteEndPoint is { } remote) return new Incoming(accepted, remote, transport);
                    accepted.Dispose();
                }
                catch (ObjectDisposedException)
                {
                    return null;
                }
                catch (SocketException ended) when (ended.SocketErrorCode == SocketError.OperationAborted)
                {
                    return null;
                }
            }
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Incoming(Socket socket, EndPoint remote, TlsTcpTransport transport) : IIncomingLink
    {
        private bool _owned = true;

        public EndPoint RemoteEndPoint => remote;

        public async Task<IPeerLink> AuthenticateAsync(CancellationToken cancellationToken)
        {
            var link = await transport.AuthenticateAsync(socket, client: false, cancellationToken);
            _owned = false;
            return link;
        }

        public void Dispose()
        {
            if (_owned) socket.Dispose();
        }
    }

    private sealed class Link(Socket socket, SslStream tls, NodeId remoteId, EndPoint remote) : IPeerLink
    {
        public NodeId RemoteId => remoteId;

        public EndPoint RemoteEndPoint => remote;

        public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) => tls.ReadAsync(destination, cancellationToken);

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
        {
            await tls.WriteAsync(source, cancellationToken);
            await tls.FlushAsync(cancellationToken);
        }

        public LinkProgress? Progress => TcpProgress.Of(socket);

        public void Abort() => socket.Dispose();

        public async ValueTask DisposeAsync()
        {
            socket.Dispose();
            await tls.DisposeAsync();
        }
    }
}
