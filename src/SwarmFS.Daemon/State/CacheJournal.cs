using Microsoft.Extensions.Logging;
using SwarmFS.Store;

namespace SwarmFS.Daemon.State;

/// <summary>Journals of what the node can do without or have again: one that is damaged does not keep it from starting.</summary>
internal static class CacheJournal
{
    private const string Aside = ".damaged";

    /// <summary>Opens or makes the journal. A damaged one is set aside under another name, in place of one that was set aside before, and begun anew.</summary>
    /// <exception cref="IOException">It cannot be opened, or another process has it open.</exception>
    public static FileJournal Open(string path, ILogger log)
    {
        try
        {
            return FileJournal.Open(path);
        }
        catch (JournalDamagedException damage)
        {
            File.Move(path, path + Aside, overwrite: true);
            log.JournalSetAside(path, damage.Offset, path + Aside);
            return FileJournal.Open(path);
        }
    }
}
