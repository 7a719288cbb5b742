using Microsoft.Extensions.Logging;

namespace Asyncore.Tests.Child;

/// <summary>Keeps what is said of loops.</summary>
internal sealed class LogList(List<string> lines) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        string line = formatter(state, exception);
        if (line.Contains("event loop", StringComparison.Ordinal))
        {
            lock (lines)
            {
                lines.Add($"{logLevel}: {line}");
            }
        }
    }

    public void Dispose()
    {
    }
}
