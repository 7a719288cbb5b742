using System.Net.Sockets;

namespace Asyncore.Tests.Chat;

/// <summary>A line chat that writes down what it is told; commands are cut up where it is not told to take lines.</summary>
internal sealed class LineRecorder : LineChat
{
    public LineRecorder(EventLoop loop)
        : base(null, loop)
    {
    }

    public LineRecorder(Socket socket, EventLoop loop)
        : base(socket, loop)
    {
    }

    public LineRecorder(AcceptedChannel accepted)
        : base(accepted)
    {
    }

    /// <summary>Lines, decoded, and commands as <c>command|arguments</c>, as well as anything else that was told.</summary>
    public List<string> Events { get; } = [];

    /// <summary>Given each line in place of the library's own cutting.</summary>
    public Action<byte[]>? OnLine { get; set; }

    public Action<string, string>? OnCommand { get; set; }

    public Action? OnOverflow { get; set; }

    public Func<Exception, bool>? OnError { get; set; }

    public List<string> Logged { get; } = [];

    protected override void HandleLine(ReadOnlySpan<byte> line)
    {
        if (OnLine is null)
        {
            base.HandleLine(line);
            return;
        }

        byte[] copy = line.ToArray();
        Events.Add($"line {Encoding.GetString(line)}");
        OnLine(copy);
        Xunit.Assert.True(line.SequenceEqual(copy)); // whatever the handler has done to the chat
    }

    protected override void HandleCommand(string command, string arguments)
    {
        Events.Add($"{command}|{arguments}");
        OnCommand?.Invoke(command, arguments);
        base.HandleCommand(command, arguments);
    }

    protected override void HandleOverflow()
    {
        Events.Add("overflow");
        if (OnOverflow is null)
        {
            base.HandleOverflow();
            return;
        }

        OnOverflow();
    }

    protected override void HandleClose()
    {
        Events.Add("close");
        base.HandleClose();
    }

    protected override void HandleError(Exception error)
    {
        Events.Add($"error {error.Message}");
        if (OnError?.Invoke(error) != true)
        {
            base.HandleError(error);
        }
    }

    protected override void LogInfo(string message, string type = "info") => Logged.Add($"{type}: {message}");
}
