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
            Write(json ? record.ToJson() : record.ToText());
        }
    }

    /// <summary>Writes a line. Where it cannot be written, nobody hears it, and forwarding goes on.</summary>
    public void Write(string line)
    {
        try
        {
            writer.WriteLine(line);
        }
        catch (IOException)
        {
            // a full disk, a terminal that has gone
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
