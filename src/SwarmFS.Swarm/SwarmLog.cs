using System.Net;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

internal static partial class SwarmLog
{
    [LoggerMessage(3000, LogLevel.Information, "Node {Id} takes connections at {EndPoint}")]
    public static partial void Listening(ILogger logger, string id, EndPoint? endPoint);

    [LoggerMessage(3001, LogLevel.Information, "Connected to {Peer} ({Direction}, {Software})")]
    public static partial void Connected(ILogger logger, PeerRecord peer, PeerDirection direction, string software);

    [LoggerMessage(3002, LogLevel.Information, "Connection to {Peer} ended: {Why}")]
    public static partial void Disconnected(ILogger logger, PeerRecord peer, string why);

    [LoggerMessage(3003, LogLevel.Warning, "Peer {Peer} is not spoken to until {Until:u}: {Offence}")]
    public static partial void Offended(ILogger logger, PeerRecord peer, DateTimeOffset until, string offence);

    [LoggerMessage(3014, LogLevel.Warning, "Two nodes come under the name of {Peer}: one's state directory is a copy of the other's. Only one is spoken to at a time until the other gets a key of its own (stop it and delete its node.key)")]
    public static partial void KeyIsShared(ILogger logger, PeerRecord peer);

    [LoggerMessage(3004, LogLevel.Information, "Dialling {Target} failed and is tried again: {Why}")]
    public static partial void DialFailed(ILogger logger, string target, string why);

    [LoggerMessage(3013, LogLevel.Debug, "Dialling {Target} failed as before: {Why}")]
    public static partial void DialFailedAgain(ILogger logger, string target, string why);

    [LoggerMessage(3011, LogLevel.Debug, "{Target}, which was heard of, did not become a peer: {Why}")]
    public static partial void HeardOfFailed(ILogger logger, string target, string why);

    [LoggerMessage(3005, LogLevel.Debug, "A caller from {EndPoint} was not accepted: {Why}")]
    public static partial void CallerRefused(ILogger logger, EndPoint endPoint, string why);

    [LoggerMessage(3015, LogLevel.Warning, "A caller from {EndPoint} was turned away before its handshake was over, as {Others} others since this was said last: {Why}")]
    public static partial void CallersTurnedAway(ILogger logger, EndPoint endPoint, string why, long others);

    [LoggerMessage(3006, LogLevel.Error, "The listener at {EndPoint} failed and goes on, as {Others} times since this was said last: {Why}")]
    public static partial void ListenerFailed(ILogger logger, EndPoint endPoint, string why, long others);

    [LoggerMessage(3007, LogLevel.Information, "Blocks of root {Root} did not come, as {Others} times since this was said last: {Why}")]
    public static partial void FetchFailed(ILogger logger, Cid root, string why, long others);

    [LoggerMessage(3008, LogLevel.Debug, "Peer {Peer} sent {Count} announcements, {Accepted} of them new")]
    public static partial void RecordsReceived(ILogger logger, PeerRecord peer, int count, int accepted);

    [LoggerMessage(3009, LogLevel.Warning, "Discovery on the local network is off: {Why}")]
    public static partial void LanDiscoveryFailed(ILogger logger, string why);

    [LoggerMessage(3016, LogLevel.Warning, "No interface of this machine reaches a local network: discovery waits for one")]
    public static partial void LanDiscoveryWaits(ILogger logger);

    [LoggerMessage(3017, LogLevel.Warning, "{Source} announces more nodes on the local network than are listened to, as {Others} announcements since this was said last")]
    public static partial void LanFlooded(ILogger logger, IPAddress source, long others);

    [LoggerMessage(3010, LogLevel.Error, "A fault of this node ended the connection to {Peer}")]
    public static partial void Broken(ILogger logger, Exception fault, PeerRecord peer);

    [LoggerMessage(3012, LogLevel.Error, "A fault of this node ended the handshake with {EndPoint}")]
    public static partial void HandshakeFailed(ILogger logger, Exception fault, EndPoint endPoint);
}
