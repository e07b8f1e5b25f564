using Microsoft.AspNetCore.Http;
using SwarmFS.Transparency;

namespace SwarmFS.Gateway;

/// <summary>
/// Serves logs as static files (C2SP tlog-tiles): <c>GET|HEAD /[&lt;prefix&gt;/]&lt;path&gt;</c>. Tiles never change, the rest does with every batch. What a client verifies it verifies by the
/// checkpoint's signatures: this may be any mirror.
/// </summary>
public sealed class LogSite : ISite
{
    /// <summary>Logs of one site; each is tried for a request.</summary>
    public const int LogsMax = 64;

    private const string Text = "text/plain; charset=utf-8";
    private const string Bytes = "application/octet-stream";
    private const string Changing = "no-cache";

    /// <summary>A year, the longest that caches are asked to keep a thing.</summary>
    private const string ForEver = "public, max-age=31536000, immutable";

    private readonly List<(string Start, ILogFiles Files)> _logs;

    /// <param name="logs">By what stands before their files' paths: parts of letters, digits, '.', '-', '_' and '~'; empty for a log at the top.</param>
    /// <exception cref="ArgumentException">A prefix is not one, or there are too many.</exception>
    public LogSite(IReadOnlyDictionary<string, ILogFiles> logs)
    {
        if (logs.Count > LogsMax || !logs.Keys.All(IsPrefix)) throw new ArgumentException($"A site has at most {LogsMax} logs, each at a path without what would have to be escaped.", nameof(logs));
        _logs = [.. logs.Select(log => (log.Key.Length == 0 ? "/" : $"/{log.Key}/", log.Value))];
    }

    public long MaxBodyLength => 0;

    private static bool IsPrefix(string prefix) =>
        prefix.Length == 0 || prefix.Split('/').All(part => part.Length > 0 && part is not ("." or "..") && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' or '~'));

    public async Task AnswerAsync(HttpContext context)
    {
        var response = context.Response;
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            (response.StatusCode, response.Headers.Allow) = (StatusCodes.Status405MethodNotAllowed, "GET, HEAD");
            return;
        }
        if (!TryFind(SiteTarget.Of(context), out var content, out var isTile))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        response.ContentType = isTile ? Bytes : Text;
        response.Headers.CacheControl = isTile ? ForEver : Changing;
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = content.Length;
        if (HttpMethods.IsGet(context.Request.Method)) await response.Body.WriteAsync(content, context.RequestAborted);
    }

    private bool TryFind(string target, out ReadOnlyMemory<byte> content, out bool isTile)
    {
        (content, isTile) = (default, false);
        foreach (var (start, files) in _logs)
        {
            if (!target.StartsWith(start)) continue;
            var path = target[start.Length..];
            isTile = LogTile.TryParsePath(path, out _);
            if ((isTile || path is "checkpoint" or "head" or "head.tlog-proof") && files.TryRead(path, out content)) return true;
        }
        return false;
    }
}
