using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;

namespace SwarmFS.Import;

/// <summary>
/// Fetches files of repositories into files: over HTTP with resumption and time limits, or from a local repository. It believes no server about lengths: more
/// bytes than the caller allows are never written.
/// </summary>
internal sealed class AptFetcher : IDisposable
{
    /// <summary>One try and three resumptions: what a flaky link needs, and few enough that a dead server is noticed.</summary>
    private const int MaxTries = 4;

    /// <summary>Tries in a row that bring nothing before a silence: a program may be waiting for the package, and a minute of it says enough.</summary>
    private const int MaxSilentTries = 2;

    private const int MaxRedirects = 5;

    /// <summary>Bytes of a server's headers; real ones have 1 KiB.</summary>
    private const int MaxHeadersKilobytes = 64;

    /// <summary>A server that says nothing for so long has hung.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    /// <summary>How long a whole file may take: five minutes, and its bytes at 16 KiB/s, so that a server that trickles does not hold an import for ever.</summary>
    private static TimeSpan WholeDeadline(long bytes) => TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(bytes / (double)(16 << 10));

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ImportMetrics _metrics;
    private long _bytesFetched;

    public AptFetcher(AptConfiguration configuration, TimeProvider time, ILogger logger, ImportMetrics metrics)
    {
        (_time, _logger, _metrics) = (time, logger, metrics);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = true,
            MaxAutomaticRedirections = MaxRedirects,
            ConnectTimeout = ConnectTimeout,
            MaxResponseHeadersLength = MaxHeadersKilobytes,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            UseCookies = false,
            Proxy = new AptProxy(configuration.Proxies),
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("swarmfs", "1"));
    }

    /// <summary>Bytes of all files that were fetched whole.</summary>
    public long BytesFetched => Volatile.Read(ref _bytesFetched);

    /// <param name="exact">When given, the file has to have this many bytes.</param>
    /// <param name="maximum">No more than this many bytes are read.</param>
    /// <exception cref="ImportRefusedException">It is longer or shorter than it has to be.</exception>
    /// <exception cref="SourceUnavailableException">It is not there, or the server does not answer in time.</exception>
    /// <exception cref="FileNotKeptException">What came could not be written.</exception>
    public async Task FetchAsync(Uri address, Stream into, long? exact, long maximum, IProgress<ImportProgress>? progress, ImportStage stage, CancellationToken cancellationToken)
    {
        var report = new ImportProgress(stage, address.ToString(), 0, exact ?? -1);
        using var deadline = new CancellationTokenSource(WholeDeadline(exact ?? maximum), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            if (address.IsFile) await CopyLocalAsync(address, into, maximum, report, progress, either.Token);
            else await FetchHttpAsync(address, into, maximum, report, progress, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SourceUnavailableException($"{address} was not delivered in time. Try again later, or choose another mirror.", e);
        }
        if (exact is { } size && into.Length != size)
            throw new ImportRefusedException($"{address} is refused: it has {into.Length} bytes, but {size} are promised for it. Try again later, or choose another mirror.");
        _metrics.Fetched(into.Length);
        Interlocked.Add(ref _bytesFetched, into.Length);
    }

    private static async Task CopyLocalAsync(
        Uri address, Stream into, long maximum, ImportProgress report, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = new FileStream(Uri.UnescapeDataString(address.AbsolutePath), FileMode.Open, FileAccess.Read, FileShare.Read);
            await CopyAsync(file, into, address, maximum, report, progress, _ => { }, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new SourceUnavailableException($"{address} cannot be read: {e.Message}", e);
        }
    }

    private async Task FetchHttpAsync(Uri address, Stream into, long maximum, ImportProgress report, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var (farthest, silent) = (0L, 0);
        for (var attempt = 1; ; attempt++)
        {
            using var stall = new CancellationTokenSource(Stall, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellationToken);
            try
            {
                await FetchOnceAsync(address, into, maximum, report, progress, stall, either.Token);
                return;
            }
            catch (Exception e) when (IsPassing(e) || (e is OperationCanceledException && stall.IsCancellationRequested && !cancellationToken.IsCancellationRequested))
            {
                silent = e is not OperationCanceledException || into.Length > farthest ? 0 : silent + 1;
                farthest = Math.Max(farthest, into.Length);
                if (attempt == MaxTries || silent == MaxSilentTries) throw new SourceUnavailableException($"{address} cannot be fetched: {Reason(e)}. Check the network, or choose another mirror.", e);
                ImportLog.FetchResumed(_logger, address.ToString(), into.Length, Reason(e));
            }
            await Task.Delay(attempt * RetryDelay, _time, cancellationToken);
        }
    }

    private async Task FetchOnceAsync(
        Uri address, Stream into, long maximum, ImportProgress report, IProgress<ImportProgress>? progress, CancellationTokenSource stall, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (into.Length > 0) request.Headers.Range = new RangeHeaderValue(into.Length, null);
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var resumes = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == into.Length;
        if (!resumes) into.SetLength(0);
        if (response.StatusCode == HttpStatusCode.OK || resumes)
        {
            if (response.Content.Headers.ContentLength is { } length && length > maximum - into.Length) throw TooLong(address, maximum);
            into.Position = into.Length;
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            await CopyAsync(body, into, address, maximum, report, progress, stall.CancelAfter, cancellationToken);
            return;
        }
        var status = $"{(int)response.StatusCode} {response.StatusCode}";
        // A server in trouble may recover by the next try; one that says no has said it.
        if ((int)response.StatusCode >= 500) throw new HttpRequestException($"the server answers {status}");
        throw new SourceUnavailableException($"{address} is not there: the server answers {status}. Check the address in the package sources, or choose another mirror.");
    }

    private static async Task CopyAsync(
        Stream from, Stream into, Uri address, long maximum, ImportProgress report, IProgress<ImportProgress>? progress, Action<TimeSpan> alive, CancellationToken cancellationToken)
    {
        var buffer = new byte[128 << 10];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
        {
            alive(Stall);
            if (into.Length + read > maximum) throw TooLong(address, maximum);
            await KeepAsync(into, buffer.AsMemory(0, read), address, cancellationToken);
            progress?.Report(report with { Done = into.Length });
        }
    }

    private static async ValueTask KeepAsync(Stream into, ReadOnlyMemory<byte> bytes, Uri address, CancellationToken cancellationToken)
    {
        try
        {
            await into.WriteAsync(bytes, cancellationToken);
        }
        catch (IOException e)
        {
            throw new FileNotKeptException($"{address} was delivered but cannot be kept: {e.Message.TrimEnd('.')}. Make room on the disk of the state directory.", e);
        }
    }

    /// <summary>A connection may be better next time; an answer stays the same, and so does this node's disk.</summary>
    private static bool IsPassing(Exception e) => e is HttpRequestException or IOException and not (SourceUnavailableException or FileNotKeptException);

    private static string Reason(Exception e) => e is OperationCanceledException ? $"the server was silent for {Stall.TotalSeconds:0} s" : e.Message.TrimEnd('.');

    private static ImportRefusedException TooLong(Uri address, long maximum) =>
        new($"{address} is refused: it is longer than the {maximum} bytes that are allowed for it. Try again later, or choose another mirror.");

    public void Dispose() => _client.Dispose();
}
