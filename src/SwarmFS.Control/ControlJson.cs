using System.Text.Json.Serialization;

namespace SwarmFS.Control;

/// <summary>The JSON of the control socket and of every <c>--json</c>: made at build time, so that neither program pays for reflection at its start.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ControlEvent))]
[JsonSerializable(typeof(EmptyRequest))]
[JsonSerializable(typeof(PathRequest))]
[JsonSerializable(typeof(GetRequest))]
[JsonSerializable(typeof(ImportRequest))]
[JsonSerializable(typeof(PinRequest))]
[JsonSerializable(typeof(CheckRequest))]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(PeersReport))]
[JsonSerializable(typeof(List<RootReport>))]
[JsonSerializable(typeof(ImportReport))]
[JsonSerializable(typeof(ListReport))]
[JsonSerializable(typeof(PinReport))]
[JsonSerializable(typeof(CollectReport))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(IdentityReport))]
[JsonSerializable(typeof(DownReport))]
[JsonSerializable(typeof(ConfigReport))]
[JsonSerializable(typeof(SyncRequest))]
[JsonSerializable(typeof(SyncReport))]
[JsonSerializable(typeof(HistoryRequest))]
[JsonSerializable(typeof(HistoryReport))]
[JsonSerializable(typeof(VerifyRequest))]
[JsonSerializable(typeof(VerifyReport))]
[JsonSerializable(typeof(PublishRequest))]
[JsonSerializable(typeof(RevokeRequest))]
[JsonSerializable(typeof(RevokeReport))]
[JsonSerializable(typeof(LogRequest))]
[JsonSerializable(typeof(LogReport))]
[JsonSerializable(typeof(ProofRequest))]
[JsonSerializable(typeof(ProofReport))]
[JsonSerializable(typeof(ChallengeRequest))]
[JsonSerializable(typeof(ChallengeReport))]
[JsonSerializable(typeof(AuditReport))]
[JsonSerializable(typeof(PolicyRequest))]
[JsonSerializable(typeof(PolicyReport))]
public sealed partial class ControlJson : JsonSerializerContext;
