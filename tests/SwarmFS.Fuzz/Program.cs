using SwarmFS.Fuzz;

// Fuzzes one decoder: --target NAME [--seconds N] [--seed S], or all in turn with --target all; --replay HEX runs one input; --list names the targets.

var targets = typeof(IFuzzTarget).Assembly.GetTypes()
    .Where(type => type.IsClass && !type.IsAbstract && type.IsAssignableTo(typeof(IFuzzTarget)))
    .Select(type => (IFuzzTarget)Activator.CreateInstance(type)!)
    .OrderBy(target => target.Name, StringComparer.Ordinal)
    .ToList();

var (name, seconds, seed, replay) = ("", 10.0, 1, (string?)null);
for (var i = 0; i < args.Length; i++)
{
    if (args[i] == "--list")
    {
        foreach (var target in targets) Console.WriteLine(target.Name);
        return 0;
    }
    var value = i + 1 < args.Length ? args[i + 1] : "";
    switch (args[i++])
    {
        case "--target": name = value; break;
        case "--replay": replay = value; break;
        case "--seconds" when double.TryParse(value, out seconds): break;
        case "--seed" when int.TryParse(value, out seed): break;
        default:
            Console.Error.WriteLine($"'{args[i - 1]} {value}' is not understood: --target NAME|all [--seconds N] [--seed S] [--replay HEX] | --list");
            return 2;
    }
}

var chosen = name == "all" ? targets : targets.Where(target => target.Name == name).ToList();
if (chosen.Count == 0)
{
    Console.Error.WriteLine($"There is no target '{name}'; there are: {string.Join(", ", targets.Select(target => target.Name))}.");
    return 2;
}
var worst = 0;
foreach (var target in chosen)
{
    var run = new FuzzRun(target, seed);
    worst = Math.Max(worst, replay is null ? run.For(TimeSpan.FromSeconds(seconds)) : run.TryOne(Convert.FromHexString(replay), 0) ? 0 : 1);
}
return worst;
