using System.Text;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;
using SwarmFS.Mount;
using SwarmFS.Mount.Host;
using SwarmFS.Testing;

// Mounts at the first argument and does what standard input says, a line at a time; each command answers one line. Ends, unmounting, with the input.
// Options: --special --no-xattrs --no-push --passthrough --tree-memory=BYTES --timeout=SECONDS
var flags = args.Skip(1).ToHashSet();
string? Value(string name) => args.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

using var counters = new Counters();
using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(c => c.SingleLine = true).SetMinimumLevel(flags.Contains("--verbose") ? LogLevel.Debug : LogLevel.Warning));
var store = new MemoryBlockStore();
var content = new ScriptedContent(store);
var catalog = new ListCatalog();
var published = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
var ticks = 0;
var abandoned = 0;
var status = new StatusFiles([
    new StatusFile("health.json", () => Encoding.UTF8.GetBytes("{\"ok\":true}\n")),
    new StatusFile("ticks", () => Encoding.UTF8.GetBytes(new string('x', Interlocked.Increment(ref ticks) % 10) + "\n")),
]);
var options = new MountOptions
{
    ApplySpecialBits = flags.Contains("--special"),
    Xattrs = !flags.Contains("--no-xattrs"),
    PushSmallFiles = !flags.Contains("--no-push"),
    Passthrough = flags.Contains("--passthrough"),
    TreeMemory = long.Parse(Value("--tree-memory") ?? "50331648"),
    CatalogTimeout = TimeSpan.FromSeconds(double.Parse(Value("--timeout") ?? "1")),
    UseGrace = TimeSpan.FromSeconds(double.Parse(Value("--grace") ?? "30")),
};
using var mount = new SwarmMount(options, catalog, content, new MemoryNodeSlots(), status, TimeProvider.System, loggers, counters) { Figures = new Figures() };
await using var session = FuseSession.Mount(new FuseMountOptions { MountPoint = args[0], AllowOther = true, Passthrough = options.Passthrough }, mount, loggers, counters);
Console.WriteLine("READY");

while (Console.ReadLine() is { } line)
{
    try
    {
        Console.WriteLine(Do(line.Split(' ')));
    }
    catch (Exception failure)
    {
        Console.WriteLine($"error {failure.GetType().Name}: {failure.Message.ReplaceLineEndings(" ")}");
    }
}

string Do(string[] words)
{
    switch (words)
    {
        case ["add", var name, var version, var directory]:
            var tree = DirectoryReader.Read(directory, store);
            catalog.Publish(new Release(name, version, tree.Root, "test", published += TimeSpan.FromMinutes(1)));
            return tree.Root.ToString();
        case ["tree", var source]:
            return DirectoryReader.Read(source, store).Root.ToString();
        case ["publish", var name, var version, var root]:
            catalog.Publish(new Release(name, version, root == "unknown" ? null : Cid.Parse(root), "test", published += TimeSpan.FromMinutes(1)));
            return "ok";
        case ["names", var count, var root]:
            catalog.Publish([.. Enumerable.Range(0, int.Parse(count)).Select(i => new Release($"name{i:d6}", "1.0", Cid.Parse(root), "test", published))]);
            return "ok";
        case ["trees", var count]:
            catalog.Publish([.. Enumerable.Range(0, int.Parse(count)).Select(i => new Release($"tree{i:d6}", "1.0", SmallTree(i), "test", published))]);
            return "ok";
        case ["unresolved", var count, var prefix]:
            catalog.Publish([.. Enumerable.Range(0, int.Parse(count)).Select(i => new Release($"{prefix}{i:d6}", "1.0", null, "test", published))]);
            return "ok";
        case ["resolve", var root]:
            catalog.Resolve = (_, _) => ValueTask.FromResult(Cid.Parse(root));
            return "ok";
        case ["resolve-slowly", var root, var milliseconds]:
            catalog.Resolve = async (_, cancelled) =>
            {
                try
                {
                    await Task.Delay(int.Parse(milliseconds), cancelled);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref abandoned);
                    throw;
                }
                return Cid.Parse(root);
            };
            return "ok";
        case ["resolve-abandoned"]:
            return abandoned.ToString();
        case ["resolve-calls"]:
            return catalog.ResolveCalls.ToString();
        case ["publish-at", var time, var name, var version, var root]:
            var moment = DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture);
            catalog.PublishAt(moment, new Release(name, version, root == "unknown" ? null : Cid.Parse(root), "test", moment));
            return "ok";
        case ["past-calls"]:
            return catalog.PastCalls.ToString();
        case ["partial"]:
            catalog.IsPartial = true;
            return "ok";
        case ["elsewhere", var name, var version, var root]:
            catalog.Elsewhere[name] = new Release(name, version, Cid.Parse(root), "test", published);
            return "ok";
        case ["find-calls"]:
            return catalog.FindCalls.ToString();
        case ["cut-off", var isCutOff]:
            catalog.IsCutOff = isCutOff == "yes";
            return "ok";
        case ["catalogue-latency", var milliseconds]:
            catalog.Latency = TimeSpan.FromMilliseconds(int.Parse(milliseconds));
            return "ok";
        case ["remote", var root]:
            content.Remote[Cid.Parse(root)] = true;
            return "ok";
        case ["remote-tree", var root]:
            content.RemoteTrees[Cid.Parse(root)] = true;
            content.ForgetTrees();
            return "ok";
        case ["dead", var root]:
            content.Dead[Cid.Parse(root)] = true;
            return "ok";
        case ["alive", var root]:
            content.Dead.TryRemove(Cid.Parse(root), out _);
            return "ok";
        case ["latency", var milliseconds]:
            content.Latency = TimeSpan.FromMilliseconds(int.Parse(milliseconds));
            return "ok";
        case ["batch", var files]:
            content.Batch = int.Parse(files);
            return "ok";
        case ["deadline", var milliseconds]:
            content.ReadDeadline = TimeSpan.FromMilliseconds(int.Parse(milliseconds));
            return "ok";
        case ["forget-trees"]:
            content.ForgetTrees();
            return "ok";
        case ["listed"]:
            return string.Join(' ', content.Listed);
        case ["in-use"]:
            return content.InUse.ToString();
        case ["count"]:
            return counters.Report();
        case ["memory"]:
            GC.Collect();
            return GC.GetTotalMemory(forceFullCollection: true).ToString();
        case ["unmount"]:
            return session.Unmount().ToString();
        default:
            return "error unknown command";
    }
}

Cid SmallTree(int number)
{
    var attributes = new EntryAttributes(0x1A4, 0, 0, 0, number, 0, []);
    var builder = new TreeBuilder(store);
    var bytes = Encoding.ASCII.GetBytes($"{number}\n");
    for (var i = 0; i < 20; i++) builder.AddFile(Encoding.ASCII.GetBytes($"usr/share/doc/f{i}"), attributes, new MemoryStream(bytes), bytes.Length);
    return builder.Finish().Root;
}
