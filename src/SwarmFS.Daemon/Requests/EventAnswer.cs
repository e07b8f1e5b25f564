using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using SwarmFS.Control;

namespace SwarmFS.Daemon.Requests;

/// <summary>Writes an answer as events, one per line. Of the progress that is reported between two lines only the newest is sent, so that nothing queues up.</summary>
internal sealed class EventAnswer(HttpContext context, TimeProvider time) : IProgress<ProgressReport>
{
    /// <summary>Ten a second: faster is not read.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private ProgressReport? _newest;

    public void Report(ProgressReport value) => Volatile.Write(ref _newest, value);

    /// <summary>Sends progress until the work is done. Does not throw what the work throws.</summary>
    public async Task FollowAsync(Task work, CancellationToken cancellationToken)
    {
        context.Response.ContentType = ControlProtocol.EventsType;
        while (await Task.WhenAny(work, Task.Delay(Interval, time, cancellationToken)) != work && !cancellationToken.IsCancellationRequested)
        {
            if (Interlocked.Exchange(ref _newest, null) is not { } report) continue;
            await WriteLineAsync(writer => JsonSerializer.Serialize(writer, new ControlEvent(Progress: report), ControlJson.Default.ControlEvent), cancellationToken);
        }
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task ResultAsync<T>(T result, JsonTypeInfo<T> type, CancellationToken cancellationToken) => WriteLineAsync(
        writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("result");
            JsonSerializer.Serialize(writer, result, type);
            writer.WriteEndObject();
        }, cancellationToken);

    public Task ErrorAsync(ControlError error, CancellationToken cancellationToken)
    {
        if (!context.Response.HasStarted) context.Response.ContentType = ControlProtocol.EventsType;
        return WriteLineAsync(writer => JsonSerializer.Serialize(writer, new ControlEvent(Error: error), ControlJson.Default.ControlEvent), cancellationToken);
    }

    private async Task WriteLineAsync(Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        using (var writer = new Utf8JsonWriter(context.Response.BodyWriter)) write(writer);
        context.Response.BodyWriter.Write("\n"u8);
        await context.Response.BodyWriter.FlushAsync(cancellationToken);
    }
}
