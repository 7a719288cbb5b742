using Microsoft.Extensions.Logging;

namespace Asyncore.Cli.Forward;

/// <summary>What the library says about a forwarder's channels, among the lines of its log.</summary>
internal sealed class ChannelLog(ConnectionLog log) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
        // there is one place where lines go
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) =>
        logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            log.Say(formatter(state, exception));
        }
    }

    public void Dispose()
    {
        // owns nothing
    }
}
