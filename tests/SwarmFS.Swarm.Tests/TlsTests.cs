using System.Formats.Asn1;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SwarmFS.Swarm.Tests;

/// <summary>Who is refused by TLS, from either side, before a frame is read. Rows 18 and 19 of the threat table.</summary>
public sealed class TlsTests
{
    private static readonly SslApplicationProtocol Alpn = new("swarmfs/1");

    [Fact]
    public async Task Two_nodes_know_each_other_by_their_keys()
    {
        using var a = NodeIdentity.CreateEphemeral();
        using var b = NodeIdentity.CreateEphemeral();
        await using var listener = new TlsTcpTransport(a, TimeProvider.System).Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var accepting = AcceptOneAsync(listener);

        await using var client = await new TlsTcpTransport(b, TimeProvider.System).DialAsync(listener.EndPoint, CancellationToken.None);
        await using var server = await accepting;

        client.RemoteId.ShouldBe(a.Id);
        server.RemoteId.ShouldBe(b.Id);
        await client.WriteAsync("hello"u8.ToArray(), CancellationToken.None);
        var buffer = new byte[5];
        (await server.ReadAsync(buffer, CancellationToken.None)).ShouldBe(5);
    }

    [Fact]
    public async Task Any_address_is_any_address_of_either_family()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        using var a = NodeIdentity.CreateEphemeral();
        using var b = NodeIdentity.CreateEphemeral();
        await using var listener = new TlsTcpTransport(a, TimeProvider.System).Listen(new IPEndPoint(IPAddress.IPv6Any, 0));
        var port = ((IPEndPoint)listener.EndPoint).Port;
        foreach (var address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            var accepting = AcceptOneAsync(listener);
            await using var client = await new TlsTcpTransport(b, TimeProvider.System).DialAsync(new IPEndPoint(address, port), CancellationToken.None);
            await using var server = await accepting;
            server.RemoteId.ShouldBe(b.Id);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_name_is_reached_at_whichever_of_its_addresses_answers(bool isSilent)
    {
        using var a = NodeIdentity.CreateEphemeral();
        using var b = NodeIdentity.CreateEphemeral();
        await using var listener = new TlsTcpTransport(a, TimeProvider.System).Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)listener.EndPoint).Port;
        var dead = IPAddress.Parse("127.0.0.2");
        using var silence = isSilent ? await SilenceAsync(new IPEndPoint(dead, port)) : null;
        var accepting = AcceptOneAsync(listener);
        var transport = new TlsTcpTransport(b, TimeProvider.System) { Resolve = (_, _) => Task.FromResult<IPAddress[]>([dead, IPAddress.Loopback]) };

        await using var client = await transport.DialAsync(new DnsEndPoint("two.example", port), CancellationToken.None).WaitAsync(TestNode.Patience);
        await using var server = await accepting;

        client.RemoteId.ShouldBe(a.Id);
    }

    /// <summary>Takes no callers: whoever calls now hears nothing, as the kernel drops calls beyond the backlog.</summary>
    private static async Task<Socket> SilenceAsync(IPEndPoint place)
    {
        var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(place);
        full.Listen(0);
        for (var caller = 0; caller < 8; caller++)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            try
            {
                await new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp).ConnectAsync(place, patience.Token);
            }
            catch (OperationCanceledException)
            {
                return full;
            }
        }
        throw new InvalidOperationException("Somebody takes the callers.");
    }

    [Fact]
    public async Task An_address_belongs_to_one_listener_and_is_free_again_when_it_ends()
    {
        using var a = NodeIdentity.CreateEphemeral();
        using var b = NodeIdentity.CreateEphemeral();
        var transport = new TlsTcpTransport(a, TimeProvider.System);
        EndPoint place;
        await using (var listener = transport.Listen(new IPEndPoint(IPAddress.Loopback, 0)))
        {
            place = listener.EndPoint;
            Should.Throw<SocketException>(() => transport.Listen(place)).SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
            var accepting = AcceptOneAsync(listener);
            await using var client = await new TlsTcpTransport(b, TimeProvider.System).DialAsync(place, CancellationToken.None);
            // The side that closes first keeps the address in TIME_WAIT.
            await using (await accepting) { }
        }
        await using var next = transport.Listen(place);
        next.EndPoint.ShouldBe(place);
    }

    [Fact]
    public async Task Who_is_called_takes_the_cheapest_of_the_ciphers_that_every_TLS_has()
    {
        using var identity = NodeIdentity.CreateEphemeral();
        await using var listener = new TlsTcpTransport(identity, TimeProvider.System).Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var accepting = AcceptOneAsync(listener);

        // The caller goes by the platform's order, in which another is first.
        var calling = CallAsync((IPEndPoint)listener.EndPoint, Client(Ec(ECCurve.NamedCurves.nistP256), alpn: [Alpn]));
        await using (var link = await accepting) link.Abort();

        (await calling).ShouldBe(TlsCipherSuite.TLS_AES_128_GCM_SHA256);
    }

    public static TheoryData<string> BadCallers() => [.. Callers.Keys];

    private static readonly Dictionary<string, Func<SslClientAuthenticationOptions>> Callers = new()
    {
        ["no certificate"] = () => Client(null),
        ["an RSA certificate"] = () => Client(Rsa()),
        ["a P-384 certificate"] = () => Client(Ec(ECCurve.NamedCurves.nistP384)),
        ["an expired certificate"] = () => Client(Ec(ECCurve.NamedCurves.nistP256, validDays: -1)),
        ["a certificate of tomorrow"] = () => Client(Ec(ECCurve.NamedCurves.nistP256, fromDays: 2)),
        ["a certificate until month 13"] = () => Client(EcUntil("301331000000Z")),
        ["a certificate until no date"] = () => Client(EcUntil("xxxxxxxxxxxxZ")),
        ["two certificates"] = () => Client(Ec(ECCurve.NamedCurves.nistP256), Ec(ECCurve.NamedCurves.nistP256)),
        ["TLS 1.2"] = () => Client(Ec(ECCurve.NamedCurves.nistP256), protocols: SslProtocols.Tls12),
        ["no ALPN"] = () => Client(Ec(ECCurve.NamedCurves.nistP256), alpn: []),
        ["another ALPN"] = () => Client(Ec(ECCurve.NamedCurves.nistP256), alpn: [SslApplicationProtocol.Http2]),
    };

    [Theory]
    [MemberData(nameof(BadCallers))]
    public async Task A_caller_is_refused_with(string flaw)
    {
        using var identity = NodeIdentity.CreateEphemeral();
        await using var listener = new TlsTcpTransport(identity, TimeProvider.System).Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var accepting = AcceptOneAsync(listener);

        var calling = CallAsync((IPEndPoint)listener.EndPoint, Callers[flaw]());

        await ShouldBeRefusedAsync(accepting);
        await calling;
    }

    [Fact]
    public async Task A_caller_with_a_good_certificate_is_let_in_by_the_same_test_client()
    {
        using var identity = NodeIdentity.CreateEphemeral();
        await using var listener = new TlsTcpTransport(identity, TimeProvider.System).Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var accepting = AcceptOneAsync(listener);

        var calling = CallAsync((IPEndPoint)listener.EndPoint, Client(Ec(ECCurve.NamedCurves.nistP256)));

        await using var link = await accepting;
        link.RemoteId.IsNone.ShouldBeFalse();
        link.Abort();
        await calling;
    }

    public static TheoryData<string> BadServers() => [.. Servers.Keys];

    private static readonly Dictionary<string, Func<SslServerAuthenticationOptions>> Servers = new()
    {
        ["an RSA certificate"] = () => Server(Rsa()),
        ["an expired certificate"] = () => Server(Ec(ECCurve.NamedCurves.nistP256, validDays: -1)),
        ["a certificate until month 13"] = () => Server(EcUntil("301331000000Z")),
        ["a certificate until no date"] = () => Server(EcUntil("xxxxxxxxxxxxZ")),
        ["two certificates"] = () => Server(Ec(ECCurve.NamedCurves.nistP256), Ec(ECCurve.NamedCurves.nistP256)),
        ["TLS 1.2"] = () => Server(Ec(ECCurve.NamedCurves.nistP256), protocols: SslProtocols.Tls12),
        ["no ALPN"] = () => Server(Ec(ECCurve.NamedCurves.nistP256), alpn: null),
    };

    [Theory]
    [MemberData(nameof(BadServers))]
    public async Task A_server_is_refused_with(string flaw)
    {
        using var identity = NodeIdentity.CreateEphemeral();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeOneAsync(listener, Servers[flaw]());

        await ShouldBeRefusedAsync(new TlsTcpTransport(identity, TimeProvider.System).DialAsync(listener.LocalEndpoint, CancellationToken.None));
        await serving;
    }

    [Fact]
    public async Task A_node_that_dials_itself_hangs_up()
    {
        using var identity = NodeIdentity.CreateEphemeral();
        var transport = new TlsTcpTransport(identity, TimeProvider.System);
        await using var listener = transport.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var accepting = AcceptOneAsync(listener);

        var refused = await Should.ThrowAsync<PeerRefusedException>(transport.DialAsync(listener.EndPoint, CancellationToken.None));

        refused.Message.ShouldContain("itself");
        refused.IsSelf.ShouldBeTrue();
        await ShouldBeRefusedAsync(accepting);
    }

    [Fact]
    public async Task No_address_in_a_certificate_is_visited()
    {
        using var trap = new TcpListener(IPAddress.Loopback, 0);
        trap.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)trap.LocalEndpoint).Port}/ca.crt";
        using var identity = NodeIdentity.CreateEphemeral();
        await using var listener = new TlsTcpTransport(identity, TimeProvider.System).Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var accepting = AcceptOneAsync(listener);

        var calling = CallAsync((IPEndPoint)listener.EndPoint, Client(Ec(ECCurve.NamedCurves.nistP256, issuerUrl: url)));
        await using (var link = await accepting) link.Abort();
        await calling;

        trap.Pending().ShouldBeFalse();
    }

    private static async Task<IPeerLink> AcceptOneAsync(IPeerListener listener)
    {
        using var incoming = await listener.AcceptAsync(CancellationToken.None);
        using var patience = new CancellationTokenSource(TestNode.Patience);
        return await incoming!.AuthenticateAsync(patience.Token);
    }

    /// <summary>Refused by us, or by a handshake that could not come about.</summary>
    private static async Task ShouldBeRefusedAsync(Task<IPeerLink> connecting)
    {
        var refused = await Should.ThrowAsync<Exception>(connecting.WaitAsync(TestNode.Patience));
        (refused is PeerRefusedException or IOException).ShouldBeTrue($"{refused.GetType()}: {refused.Message}");
    }

    /// <returns>What was agreed on; null when nothing was.</returns>
    private static async Task<TlsCipherSuite?> CallAsync(IPEndPoint node, SslClientAuthenticationOptions options)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(node);
        await using var tls = new SslStream(tcp.GetStream());
        TlsCipherSuite? agreed = null;
        try
        {
            await tls.AuthenticateAsClientAsync(options);
            agreed = tls.NegotiatedCipherSuite;
            await tls.ReadExactlyAsync(new byte[1]);
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            // Refused from the other side, or it hung up.
        }
        return agreed;
    }

    private static async Task ServeOneAsync(TcpListener listener, SslServerAuthenticationOptions options)
    {
        using var tcp = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(tcp.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(options);
            await tls.ReadExactlyAsync(new byte[1]);
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            // Refused from the other side, or it hung up.
        }
    }

    private static SslClientAuthenticationOptions Client(
        X509Certificate2? certificate, X509Certificate2? extra = null, SslProtocols protocols = SslProtocols.Tls13, List<SslApplicationProtocol>? alpn = null) => new()
        {
            TargetHost = "",
            EnabledSslProtocols = protocols,
            ApplicationProtocols = alpn is null ? [Alpn] : alpn.Count == 0 ? null : alpn,
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
            ClientCertificateContext = certificate is null ? null : Context(certificate, extra),
        };

    private static SslServerAuthenticationOptions Server(
        X509Certificate2 certificate, X509Certificate2? extra = null, SslProtocols protocols = SslProtocols.Tls13) => Server(certificate, [Alpn], extra, protocols);

    private static SslServerAuthenticationOptions Server(
        X509Certificate2 certificate, List<SslApplicationProtocol>? alpn, X509Certificate2? extra = null, SslProtocols protocols = SslProtocols.Tls13) => new()
        {
            EnabledSslProtocols = protocols,
            ApplicationProtocols = alpn,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
            ServerCertificateContext = Context(certificate, extra),
        };

    private static SslStreamCertificateContext Context(X509Certificate2 certificate, X509Certificate2? extra)
    {
        if (extra is null) return SslStreamCertificateContext.Create(certificate, null, offline: true);
        // Only a certificate that the other one issued is sent along, so the pair is a chain.
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuer = new CertificateRequest("CN=issuer", issuerKey, HashAlgorithmName.SHA256);
        issuer.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var root = issuer.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(9));
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var middleRequest = new CertificateRequest("CN=middle", middleKey, HashAlgorithmName.SHA256);
        middleRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var middle = middleRequest.Create(root, DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(8), [1]).CopyWithPrivateKey(middleKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256).Create(middle, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7), [2]);
        var usable = X509CertificateLoader.LoadPkcs12(leaf.CopyWithPrivateKey(key).Export(X509ContentType.Pkcs12), null);
        return SslStreamCertificateContext.Create(usable, [middle, root], offline: true);
    }

    /// <summary>What no library writes: RFC 5280, 4.1, with these characters as the last day's UTCTime.</summary>
    private static X509Certificate2 EcUntil(string lastDay)
    {
        const string ecdsaWithSha256 = "1.2.840.10045.4.3.2";
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedName("CN=swarmfs");
        var content = new AsnWriter(AsnEncodingRules.DER);
        using (content.PushSequence())
        {
            content.WriteInteger(1);
            using (content.PushSequence()) content.WriteObjectIdentifier(ecdsaWithSha256);
            content.WriteEncodedValue(name.RawData);
            using (content.PushSequence())
            {
                content.WriteUtcTime(DateTimeOffset.UtcNow.AddDays(-1));
                content.WriteEncodedValue([(byte)UniversalTagNumber.UtcTime, (byte)lastDay.Length, .. Encoding.ASCII.GetBytes(lastDay)]);
            }
            content.WriteEncodedValue(name.RawData);
            content.WriteEncodedValue(key.ExportSubjectPublicKeyInfo());
        }
        var signed = content.Encode();
        var whole = new AsnWriter(AsnEncodingRules.DER);
        using (whole.PushSequence())
        {
            whole.WriteEncodedValue(signed);
            using (whole.PushSequence()) whole.WriteObjectIdentifier(ecdsaWithSha256);
            whole.WriteBitString(key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        }
        using var certificate = X509CertificateLoader.LoadCertificate(whole.Encode());
        return certificate.CopyWithPrivateKey(key);
    }

    private static X509Certificate2 Ec(ECCurve curve, int fromDays = -10, int validDays = 10, string? issuerUrl = null)
    {
        using var key = ECDsa.Create(curve);
        return Sign(new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256), fromDays, validDays, issuerUrl);
    }

    private static X509Certificate2 Rsa()
    {
        using var key = RSA.Create(2048);
        return Sign(new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), -10, 10, null);
    }

    private static X509Certificate2 Sign(CertificateRequest request, int fromDays, int validDays, string? issuerUrl)
    {
        if (issuerUrl is not null) request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [issuerUrl]));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(validDays));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
