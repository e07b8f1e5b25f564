namespace SwarmFS.Fuzz;

/// <summary>
/// A decoder of hostile bytes. A room adds one by putting a class with a parameterless constructor below Targets/; it is found by itself.
/// </summary>
internal interface IFuzzTarget
{
    /// <summary>What stands behind --target: lower case, words joined by '-'.</summary>
    string Name { get; }

    /// <summary>Well-formed inputs to start mutations from.</summary>
    IEnumerable<byte[]> Seeds();

    /// <summary>Decodes the input. Refusing it in the decoder's documented way is fine; any exception that escapes from here is a finding.</summary>
    void Run(ReadOnlySpan<byte> input);
}

/// <summary>The decoder took an input in a way that breaks its promise.</summary>
internal sealed class FuzzFindingException(string message) : Exception(message);
