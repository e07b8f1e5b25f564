namespace SwarmFS.Catalog;

/// <summary>Something that may not be published, pinned or recorded; the message says why and what to do.</summary>
public sealed class CatalogRefusedException(string message) : Exception(message);

/// <summary>A record stands in the own log, but the witnesses' quorum has not seen it: nobody else can prove it yet. The next heartbeat tries again.</summary>
public sealed class NotProvableYetException(string message) : Exception(message);
