namespace SwarmFS.Control;

/// <summary>A request without arguments.</summary>
public sealed record EmptyRequest;

/// <summary>A path below the mount, with or without the leading slash, written as in <see cref="PathText"/>.</summary>
public sealed record PathRequest(string Path);

/// <summary>A block or file by its hash, in the text form of a CID.</summary>
public sealed record GetRequest(string Cid);

/// <summary>What is brought into the swarm.</summary>
public enum ImportKind
{
    /// <summary>A package by name from the system's apt sources.</summary>
    Apt,

    /// <summary>A .deb file.</summary>
    Deb,

    /// <summary>A directory.</summary>
    Tree,
}

/// <param name="Subject">Apt: <c>name</c> or <c>name=version</c>. Deb and tree: an absolute path.</param>
/// <param name="Name">Tree only: the package's name.</param>
/// <param name="Version">Tree only: the package's version.</param>
public sealed record ImportRequest(ImportKind Kind, string Subject, string? Name = null, string? Version = null);

/// <param name="Subject"><c>NAME</c> (its newest version), <c>NAME/VERSION</c>, or the CID of a root.</param>
/// <param name="Fetch">Whether a pin fetches what is missing before it is answered.</param>
public sealed record PinRequest(string Subject, bool Fetch = true);

/// <param name="Subject">As <see cref="PinRequest"/> has it.</param>
public sealed record ViewRequest(string Subject);

/// <param name="Repair">Whether what is damaged is fetched again from peers.</param>
public sealed record CheckRequest(bool Repair = true);
