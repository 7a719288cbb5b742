using System.Text.Json;
using Asyncore.Forwarding;

namespace Asyncore.Cli.Forward;

/// <summary>
/// What a forwarder writes: a line for each connection that has ended, and what else there is to say. As JSON, each is an
/// object, and nothing else is written.
/// </summary>
internal sealed class ConnectionLog(TextWriter writer, LoggedConnections which, bool json, TimeProvider time)
{
    /// <summary>Where lines are shown instead, while a table has the terminal.</summary>
    public LiveView? View { get; set; }

    public void Write(ConnectionRecord record)
    {
        bool isProblem = record.Reason is EndReason.NoTarget or EndReason.Refused or EndReason.Stopped;
        if (which == LoggedConnections.All || (which == LoggedConnections.Problems && isProblem))
        {
            WriteLine(json ? record.ToJson() : record.ToText());
        }
    }

    /// <summary>Writes something that is no connection.</summary>
    public void Say(string message) => WriteLine(json ? ToJson(message) : message);

    /// <summary>Where it cannot be written, nobody hears it, and forwarding goes on.</summary>
    private void WriteLine(string line)
    {
        try
        {
            if (View is { } view)
            {
                view.Say(line);
            }
            else
            {
                writer.WriteLine(line);
            }
        }
        catch (IOException)
        {
            // a full disk, a terminal that has gone
        }
    }

    private string ToJson(string message)
    {
        string text = JsonEncodedText.Encode(message).Value;
        return $$"""{"time":"{{time.GetUtcNow().UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ}}","message":"{{text}}"}""";
    }
}

/// <summary>Which connections are written.</summary>
internal enum LoggedConnections
{
    None,

    /// <summary>Those that had no target, were refused, or were cut when the forwarder stopped.</summary>
    Problems,
    All,
}
