using Asyncore.Forwarding;

namespace Asyncore.Cli.Forward;

/// <summary>A line for each connection that has ended.</summary>
internal sealed class ConnectionLog(TextWriter writer, LogLevel level, bool json)
{
    public void Write(ConnectionRecord record)
    {
        bool isProblem = record.Reason is EndReason.NoTarget or EndReason.Refused or EndReason.Stopped;
        if (level == LogLevel.All || (level == LogLevel.Problems && isProblem))
        {
            writer.WriteLine(json ? record.ToJson() : record.ToText());
        }
    }
}

/// <summary>Which connections are written.</summary>
internal enum LogLevel
{
    None,

    /// <summary>Those that had no target, were refused, or were cut when the forwarder stopped.</summary>
    Problems,
    All,
}
