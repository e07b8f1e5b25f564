namespace SwarmFS.Import;

/// <summary>
/// Input that must not be believed or cannot be represented. The message is one or two sentences for a person: what was refused, why, and what to do about it.
/// Nothing of the input is kept, and what was accepted before stays as it was.
/// </summary>
public sealed class ImportRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A source that could not be reached or did not answer in time: nothing is wrong with what it says, it says nothing.</summary>
public sealed class SourceUnavailableException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>What a source delivered could not be written to this node's disk: nothing is wrong with the source.</summary>
public sealed class FileNotKeptException(string message, Exception? inner = null) : IOException(message, inner);
