using Microsoft.Extensions.Logging;

namespace Asyncore.Tests.Support;

/// <summary>Tells somebody of every line that is logged at a level or above it, and forgets the rest.</summary>
internal sealed class LogTo(LogLevel least, Action<LogLevel, string> tell) : ILoggerFactory, ILogger
{
    /// <summary>Keeps the lines. Its list is the caller's, who reads it while no loop runs.</summary>
    public LogTo(LogLevel least, List<string> lines)
        : this(least, (_, line) => lines.Add(line))
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            tell(logLevel, formatter(state, exception));
        }
    }

    public void Dispose()
    {
        // It has nothing of its own.
    }
}
