namespace SwarmFS.Import;

/// <summary>The packed bytes of an import on their way in: tells how far it is and ends it when it is cancelled. Owns <paramref name="source"/>.</summary>
internal sealed class SourceStream(Stream source, ImportProgress start, IProgress<ImportProgress>? progress, CancellationToken cancellationToken) : ForwardOnlyStream
{
    /// <summary>Bytes between two reports: a few hundred for a large package.</summary>
    public const long ReportEvery = 1 << 20;

    private long _done;
    private long _reported;

    public override int Read(Span<byte> buffer)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var read = source.Read(buffer);
        _done += read;
        if (progress is null || (_done - _reported < ReportEvery && read > 0)) return read;
        _reported = _done;
        progress.Report(start with { Done = start.Done + _done });
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) source.Dispose();
        base.Dispose(disposing);
    }
}
