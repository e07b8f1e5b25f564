using System.Text;
using Microsoft.Extensions.Logging;
using SwarmFS.Fuse;
using SwarmFS.Fuse.TestHost;

// A FUSE server that a test drives over its standard input: one command a line, one answer a line. The tree is that of --from, or the special files of SpecialTree.
var options = Arguments.Parse(args);
var tree = new MemoryTree();
if (options.From is { } from) tree.Load(from);
else SpecialTree.Build(tree, options.Backing);
var handler = new MemoryHandler(tree, options.Handler);
using var loggers = LoggerFactory.Create(builder => builder.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning));

FuseSession session;
try
{
    session = FuseSession.Mount(options.Mount, handler, options.IsVerbose ? loggers : null);
}
catch (FuseMountException e)
{
    Console.WriteLine($"FAILED {e.Errno} {e.Message}");
    return 1;
}

Console.WriteLine($"READY {session.Minor} {(ulong)session.Flags:x} {session.MaxReadBytes}");
_ = session.Completion.ContinueWith(end => Console.Error.WriteLine($"END {end.Result}"), TaskScheduler.Default);
var commands = new Commands(session, handler, tree);
while (Console.ReadLine() is { } line && line != "quit") Console.WriteLine(commands.Run(line.Split(' ')));
await session.DisposeAsync();
Console.WriteLine($"DONE {(session.Completion.IsCompleted ? session.Completion.Result.ToString() : "still serving")}");
return 0;
