using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Core;

/// <summary>
/// What a front end (mount, gateway, command line) asks of package trees; answered by Retrieval. The synchronous methods do local work only and are for the
/// thread that must not wait; the asynchronous ones fetch what is missing.
/// </summary>
public interface IPackageContent
{
    /// <summary>The directory structure if it is in memory. Allocates nothing.</summary>
    bool TryGetTree(in Cid root, [NotNullWhen(true)] out TreeTable? tree);

    /// <summary>The directory structure; all its nodes are fetched in one request where they are missing.</summary>
    /// <exception cref="ContentUnavailableException">No source delivered it within the deadline.</exception>
    ValueTask<TreeTable> GetTreeAsync(Cid root, CancellationToken cancellationToken);

    /// <summary>Reads from a regular file of the tree what is at hand.</summary>
    /// <returns>
    /// The bytes copied: as many as asked for, less only at the end of the file; 0 at or beyond the end; -1 when a block or node is missing here. Allocates nothing on success.
    /// </returns>
    int TryRead(TreeTable tree, int row, long offset, Span<byte> destination);

    /// <summary>
    /// As <see cref="TryRead"/>, but on no reader's behalf, for whoever shows content before it is asked for: by itself it makes nobody a reader. It may tell how far one has come who is known
    /// to read that part of the tree.
    /// </summary>
    int Peek(TreeTable tree, int row, long offset, Span<byte> destination) => TryRead(tree, row, offset, destination);

    /// <summary>A directory of the tree was listed to its end: whoever reads its first file next probably goes on to the others. Never waits.</summary>
    void NoteListed(TreeTable tree, int directory)
    {
    }

    /// <summary>How long a read waits for a source before it fails.</summary>
    TimeSpan ReadDeadline { get; }

    /// <summary>As <see cref="TryRead"/>, but fetches what is missing, also when it cannot be kept on disk.</summary>
    /// <param name="patience">What is left of <see cref="ReadDeadline"/> to one who has waited before.</param>
    /// <exception cref="ContentUnavailableException">No source delivered it within the deadline.</exception>
    ValueTask<int> ReadAsync(TreeTable tree, int row, long offset, Memory<byte> destination, TimeSpan patience, CancellationToken cancellationToken);

    /// <summary>A handle on the complete local file, for passthrough. The caller disposes it.</summary>
    bool TryOpenFlat(TreeTable tree, int row, [NotNullWhen(true)] out SafeFileHandle? handle);

    /// <summary>True when every block of the tree is known to be here: read-ahead windows can be small.</summary>
    bool IsComplete(in Cid root);

    /// <summary>Keeps a root from eviction while it is mounted and in use.</summary>
    IDisposable Use(in Cid root);
}

/// <summary>A block could not be had in time from any source. The message says what, for which root, who was asked and what became of it.</summary>
public sealed class ContentUnavailableException(string message) : Exception(message);
