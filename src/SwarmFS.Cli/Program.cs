using SwarmFS.Cli;

return await CommandLine.RunAsync(args, Terminal.OfProcess());
