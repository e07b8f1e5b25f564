using System.Text;

namespace SwarmFS.Transparency;

/// <summary>The grammar of a signer's name (C2SP signed-note): not empty, without white space, '+' and control characters.</summary>
internal static class KeyName
{
    /// <summary>The longest name in bytes: what a length of one byte can say, as C2SP tlog-cosignature encodes it.</summary>
    internal const int MaxLength = 255;

    internal static bool IsValid(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || name.Length > MaxLength || name.Contains('+') || !StrictText.IsWellFormed(name, hasLines: false)) return false;
        foreach (var letter in name)
        {
            if (char.IsWhiteSpace(letter)) return false;
        }
        return Encoding.UTF8.GetByteCount(name) <= MaxLength;
    }

    /// <exception cref="ArgumentException">It may not stand in a note.</exception>
    internal static string Checked(string name) =>
        IsValid(name) ? name : throw new ArgumentException($"'{name}' cannot be a signer's name: it is empty or too long, or has white space, '+' or control characters.", nameof(name));
}
