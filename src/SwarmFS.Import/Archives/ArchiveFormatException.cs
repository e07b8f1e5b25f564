namespace SwarmFS.Import;

/// <summary>
/// Bytes that are not what their format says: thrown by the readers, which do not know whose bytes they read. The message stands after "…: ".
/// It is an <see cref="IOException"/> because it also leaves the streams that the readers hand out.
/// </summary>
internal sealed class ArchiveFormatException(string message) : IOException(message);
