using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using SwarmFS.Control.Configuration;

namespace SwarmFS.Daemon;

/// <summary>Logs go to standard error, one line each; standard output is for READY.</summary>
internal static class Logging
{
    public static ILoggerFactory Create(string level, LogFormat format) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(Enum.Parse<LogLevel>(level, ignoreCase: true));
        // The web server behind the control socket has nothing to say that a user of the node wants to read.
        builder.AddFilter("Microsoft", LogLevel.Warning);
        // Why a server cannot start is thrown as well, to whoever started it and can say it in a line.
        builder.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        builder.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        switch (format)
        {
            case LogFormat.Json:
                builder.AddJsonConsole(options => (options.UseUtcTimestamp, options.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
                break;
            case LogFormat.Journal:
                builder.AddSystemdConsole();
                break;
            default:
                builder.AddSimpleConsole(options => (options.SingleLine, options.UseUtcTimestamp, options.TimestampFormat) = (true, true, "HH:mm:ss.fff "));
                break;
        }
    });
}
