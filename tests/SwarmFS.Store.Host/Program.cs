using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Store;
using SwarmFS.Store.Host;

// A process with a store, for what a test cannot do to itself:
//   write DIRECTORY SEED     puts, imports, declares, pins and unpins until it is killed; says on standard output what is promised
//   measure DIRECTORY QUOTA  prints how fast puts and reads are; QUOTA, in bytes, may be left out
//   reopen DIRECTORY         prints how fast a start is
if (args.Length < 2) return Usage();
var options = new StoreOptions { Directory = args[1], QuotaBytes = args[0] == "write" ? 48 << 20 : args is [_, _, var quota] ? long.Parse(quota) : 8L << 30 };
if (args[0] == "reopen")
{
    await Measurement.Reopen(Open);
    return 0;
}
await using var store = Open();
switch (args[0])
{
    case "write" when args.Length == 3:
        new Writer(store, int.Parse(args[2])).Run();
        return 0;
    case "measure":
        Measurement.Run(store, args[1]);
        return 0;
    default:
        return Usage();
}

BlockStore Open() => BlockStore.Open(options, TimeProvider.System, NullLoggerFactory.Instance, new Meters());

static int Usage()
{
    Console.Error.WriteLine("usage: write DIRECTORY SEED | measure DIRECTORY [QUOTA] | reopen DIRECTORY");
    return 2;
}
