using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace SwarmFS.Gateway;

/// <summary>
/// Serves a site over HTTP/1.1 at one address, to anybody. Disposing ends it; requests under way have a moment to finish.
/// <para>Participants: an <see cref="ISite"/>, which knows what is asked; this, which knows how much of it a client may ask. Goals: memory and time of a hostile client are bounded before the site
/// sees it. Non-goals: TLS and names of hosts, which a reverse proxy adds where they are wanted.</para>
/// </summary>
public sealed class GatewayServer : IAsyncDisposable
{
    /// <summary>Connections at once: with 128 KiB of buffers each, 32 MiB.</summary>
    private const int ConnectionsMax = 256;

    /// <summary>Bytes that are read ahead of what the site takes, and written ahead of what the client takes.</summary>
    private const int BufferLength = 64 << 10;

    /// <summary>Bytes of a request's headers; a browser sends less than 2 KiB.</summary>
    private const int HeadersLength = 8 << 10;

    private static readonly TimeSpan HeadersWithin = TimeSpan.FromSeconds(10);

    /// <summary>An idle connection; a log asks its witnesses about once a minute when it is busy.</summary>
    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);

    private readonly WebApplication _web;
    private readonly ISite _site;
    private readonly ILogger _log;

    private GatewayServer(IPEndPoint listen, ISite site, ILoggerFactory loggers)
    {
        _site = site;
        _log = loggers.CreateLogger("SwarmFS.Gateway");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.Listen(listen, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = ConnectionsMax;
            options.Limits.MaxRequestBodySize = site.MaxBodyLength;
            options.Limits.MaxRequestBufferSize = BufferLength;
            options.Limits.MaxResponseBufferSize = BufferLength;
            options.Limits.MaxRequestHeadersTotalSize = HeadersLength;
            options.Limits.MaxRequestLineSize = HeadersLength;
            options.Limits.RequestHeadersTimeout = HeadersWithin;
            options.Limits.KeepAliveTimeout = IdleMax;
        });
        _web = builder.Build();
        _web.Run(AnswerAsync);
    }

    /// <summary>Where it listens; with the port that the system chose when none was given.</summary>
    public IPEndPoint EndPoint
    {
        get
        {
            var address = new Uri(_web.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
            return new IPEndPoint(IPAddress.Parse(address.Host.Trim('[', ']')), address.Port);
        }
    }

    /// <summary>Returns when it listens.</summary>
    /// <exception cref="IOException">The address is taken, or not this machine's.</exception>
    public static async Task<GatewayServer> StartAsync(IPEndPoint listen, ISite site, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var server = new GatewayServer(listen, site, loggers);
        try
        {
            await server._web.StartAsync(cancellationToken);
            return server;
        }
        catch (Exception e)
        {
            await server._web.DisposeAsync();
            if (e is System.Net.Sockets.SocketException) throw new IOException($"{listen}: {e.Message}", e);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using (var patience = new CancellationTokenSource(StopWithin)) await _web.StopAsync(patience.Token);
        await _web.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            await _site.AnswerAsync(context);
        }
        catch (BadHttpRequestException e)
        {
            Fail(context, e.StatusCode);
        }
        catch (IOException e) when (!context.RequestAborted.IsCancellationRequested)
        {
            GatewayLog.Failed(_log, SiteTarget.Of(context), e.Message);
            Fail(context, StatusCodes.Status500InternalServerError);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
    }

    private static void Fail(HttpContext context, int status)
    {
        if (context.Response.HasStarted) context.Abort();
        else context.Response.StatusCode = status;
    }
}
