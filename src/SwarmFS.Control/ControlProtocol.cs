namespace SwarmFS.Control;

/// <summary>
/// How the two programs talk: HTTP/1.1 over a Unix socket in the node's state directory. Who may open the socket (mode 0600, so its owner and root) may do everything.
/// <code>
/// POST route, body := one JSON request     answer := one JSON event per line (application/x-ndjson)
/// event  := {"progress": …}* then one of {"result": …} | {"error": …}
/// cat and get answer with the bytes themselves (application/octet-stream) when they succeed, and with one error event otherwise.
/// </code>
/// Closing the connection cancels the work.
/// </summary>
public static class ControlProtocol
{
    /// <summary>The socket's name within the state directory.</summary>
    public const string SocketName = "control.sock";

    /// <summary>Bytes of a Unix socket's path (sun_path less the NUL, unix(7)).</summary>
    public const int MaxSocketPathLength = 107;

    /// <summary>Bytes of a request body: the longest holds a path of 4 KiB, written with four characters a byte.</summary>
    public const int MaxRequestLength = 64 << 10;

    public const string EventsType = "application/x-ndjson";
    public const string BytesType = "application/octet-stream";

    public static string SocketPath(string stateDirectory) => Path.Combine(stateDirectory, SocketName);
}

/// <summary>The paths of the requests; each is answered to POST.</summary>
public static class ControlRoutes
{
    public const string Status = "/v1/status";
    public const string Identity = "/v1/id";
    public const string Peers = "/v1/peers";
    public const string List = "/v1/ls";
    public const string Cat = "/v1/cat";
    public const string Get = "/v1/get";
    public const string Import = "/v1/import";
    public const string Pin = "/v1/pin";
    public const string Unpin = "/v1/unpin";
    public const string View = "/v1/view";
    public const string Collect = "/v1/gc";
    public const string Check = "/v1/fsck";
    public const string Config = "/v1/config";
    public const string Sync = "/v1/sync";
    public const string History = "/v1/history";
    public const string Verify = "/v1/verify";
    public const string Publish = "/v1/publish";
    public const string Revoke = "/v1/revoke";
    public const string Log = "/v1/log";
    public const string Proof = "/v1/proof";
    public const string Challenge = "/v1/challenge";
    public const string Audit = "/v1/audit";
    public const string Policy = "/v1/policy";
    public const string Down = "/v1/down";
}
