namespace SwarmFS.Control.Configuration;

/// <summary>One thing that can be configured, the same in the file, the environment and on the command line.</summary>
/// <param name="Key">In the file: <c>section.name</c> stands as <c>name = value</c> under <c>[section]</c>.</param>
/// <param name="Option">On the command line of <c>up</c>, with its dashes.</param>
/// <param name="Variable">In the environment.</param>
/// <param name="Value">What to write for the value in help: <c>DIR</c>, <c>SIZE</c>.</param>
/// <param name="Default">As it would be written.</param>
/// <param name="Refuse">Null for a good value; otherwise a clause that says what a good one looks like.</param>
public sealed record SettingDefinition(
    string Key, string Option, string Variable, string Value, string Default, string Help, Func<string, string?> Refuse)
{
    /// <summary>Whether the option may be given several times; in the file and the environment the values are separated by commas or blanks.</summary>
    public bool IsList { get; init; }

    /// <summary>Whether it names a file or a directory, unless it says <c>none</c>: in an option that may be from the current directory on, elsewhere it is absolute.</summary>
    public bool IsPath { get; init; }

    /// <summary>Whether the option needs no value: <c>--lan</c> says <c>--lan on</c>.</summary>
    public bool IsSwitch { get; init; }
}
