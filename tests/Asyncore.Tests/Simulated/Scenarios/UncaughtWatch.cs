using Microsoft.Extensions.Logging;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// A log that nobody reads, and in which there may be no exception that nobody has caught: the library outlives those, and
/// no scenario would notice.
/// </summary>
internal sealed class UncaughtWatch : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && formatter(state, exception) is var line)
        {
            Scenario.Check(!line.Contains("uncaught exception", StringComparison.Ordinal), line);
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider)
    {
        // There is none but this.
    }

    public void Dispose()
    {
        // It is every loop's.
    }
}
