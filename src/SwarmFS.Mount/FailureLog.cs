using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// Says once what failed and how often it failed since: one read(2) of a package whose source is gone makes the kernel ask 16 times ahead, and a copy does so for every file.
/// A message is repeated when its count doubles.
/// </summary>
internal sealed class FailureLog(ILogger logger)
{
    /// <summary>Subjects counted; beyond it counting starts anew.</summary>
    private const int Subjects = 1024;

    private readonly ConcurrentDictionary<object, int> _counts = new();

    public void Tell(object subject, Exception failure, Errno errno)
    {
        if (_counts.Count >= Subjects) _counts.Clear();
        var count = _counts.AddOrUpdate(subject, 1, static (_, n) => n == int.MaxValue ? n : n + 1);
        if (!int.IsPow2(count)) return;
        if (failure is ContentUnavailableException or InvalidTreeException) logger.ContentFailed(subject.ToString()!, errno, failure.Message, count);
        else logger.RequestBroke(subject.ToString()!, errno, count, failure);
    }
}
