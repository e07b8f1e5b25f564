using System.Runtime.InteropServices;
using System.Text;

namespace SwarmFS.Fuse.TestHost;

/// <summary>What a test can tell the server to do; every answer is one line. Names are those of files in the root.</summary>
internal sealed partial class Commands(FuseSession session, MemoryHandler handler, MemoryTree tree)
{
    public string Run(string[] words) => words[0] switch
    {
        "counts" => $"lookup={handler.Lookups} getattr={handler.GetAttributeCalls} read={handler.Reads} list={handler.Listings} open={handler.Opens} xattr={handler.XattrCalls}",
        "reset" => Reset(),
        "waiting" => $"{handler.Waiting} {handler.Cancelled} {session.ParkedCount}",
        "watched" => $"{session.WatchedCount}",
        "open-gate" => OpenGate(),
        "fail" => FailAll(words[1]),
        "complete" => CompleteAll(),
        "touch-late" => TouchLate(),
        "add" => Added(words[1], words[2]),
        "remove" => Removed(words[1]),
        "set" => Set(words[1], words[2]),
        "store" => session.NotifyStore(Node(words[1]).Number, 0, Content(words[1])).ToString(),
        "invalidate-entry" => session.NotifyInvalidateEntry(1, Encoding.UTF8.GetBytes(words[1])).ToString(),
        "expire-entry" => session.NotifyExpireEntry(1, Encoding.UTF8.GetBytes(words[1])).ToString(),
        "invalidate-inode" => session.NotifyInvalidateInode(Node(words[1]).Number, 0, 0).ToString(),
        "readahead" => session.SetReadAhead(int.Parse(words[1])).ToString(),
        "find" => FuseMounts.Find(session.MountPoint)?.ToString() ?? "none",
        "unmount" => session.Unmount().ToString(),
        "abort" => session.Abort().ToString(),
        "break-rings" => BreakRings(),
        "end" => session.Completion.Wait(TimeSpan.FromSeconds(5)) ? session.Completion.Result.ToString() : "still serving",
        "allocated" => $"{GC.GetTotalAllocatedBytes(precise: true)}",
        _ => $"unknown command {words[0]}",
    };

    private string Reset()
    {
        handler.ResetCounts();
        return "ok";
    }

    // What a ring's descriptor names afterwards is none.
    private static string BreakRings()
    {
        using var nothing = File.OpenHandle("/dev/null");
        var rings = Directory.EnumerateFileSystemEntries("/proc/self/fd").Where(entry => new FileInfo(entry).LinkTarget?.Contains("[io_uring]") == true).ToList();
        foreach (var ring in rings) Duplicate((int)nothing.DangerousGetHandle(), int.Parse(Path.GetFileName(ring)));
        return $"{rings.Count}";
    }

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);

    private string OpenGate()
    {
        handler.GateIsOpen = true;
        var waiting = handler.TakeWaiting();
        foreach (var parked in waiting) parked.Retry();
        return $"{waiting.Length}";
    }

    private string FailAll(string errno)
    {
        var waiting = handler.TakeWaiting();
        foreach (var parked in waiting) parked.Fail(Enum.Parse<Errno>(errno));
        return $"{waiting.Length}";
    }

    private string CompleteAll()
    {
        var waiting = handler.TakeWaiting();
        var page = new byte[4096];
        page.AsSpan().Fill((byte)'d');
        foreach (var parked in waiting) parked.Complete(page);
        return $"{waiting.Length}";
    }

    // Everything after the first answer must be without effect.
    private string TouchLate()
    {
        var waiting = handler.TakeWaiting();
        foreach (var parked in waiting)
        {
            parked.Fail(Errno.ESTALE);
            parked.Fail(Errno.EIO);
            parked.Retry();
            parked.Complete("late"u8);
        }

        return $"{waiting.Length}";
    }

    private string Added(string name, string content)
    {
        tree.AddFile(tree.Root, name, Encoding.UTF8.GetBytes(content));
        return "ok";
    }

    private string Removed(string name)
    {
        MemoryTree.Remove(tree.Root, name);
        return "ok";
    }

    private string Set(string name, string content)
    {
        Node(name).Content = Encoding.UTF8.GetBytes(content);
        return "ok";
    }

    private byte[] Content(string name)
    {
        var node = Node(name);
        var bytes = new byte[node.Size];
        node.Read(0, bytes);
        return bytes;
    }

    private MemoryNode Node(string name) => tree.Root.ByName[name];
}
