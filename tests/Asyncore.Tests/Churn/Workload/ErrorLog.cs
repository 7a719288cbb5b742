using Microsoft.Extensions.Logging;

namespace Asyncore.Tests.Churn;

/// <summary>Tells somebody of every error that is logged, and forgets the rest.</summary>
internal sealed class ErrorLog(Action<string> tell) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            tell(formatter(state, exception));
        }
    }

    public void Dispose()
    {
    }
}
