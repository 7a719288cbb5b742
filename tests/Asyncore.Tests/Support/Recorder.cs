using System.Net;
using System.Net.Sockets;

namespace Asyncore.Tests.Support;

/// <summary>
/// A channel that writes down which of its handlers ran, in order, and does what a test gives it to do in them.
/// </summary>
public class Recorder : Dispatcher
{
    public Recorder(Socket? socket = null, EventLoop? loop = null)
        : base(socket, loop)
    {
    }

    public Recorder(AcceptedChannel accepted, EventLoop? loop = null)
        : base(accepted, loop)
    {
    }

    /// <summary>The handlers that ran: <c>read</c>, <c>connect</c>, <c>close</c>, ….</summary>
    public List<string> Events { get; } = [];

    /// <summary>What <see cref="LogInfo"/> was given, as <c>type: message</c>.</summary>
    public List<string> Logged { get; } = [];

    /// <summary>What was received by the default <see cref="OnRead"/>.</summary>
    public List<byte> Received { get; } = [];

    public Exception? Error { get; private set; }

    public Action? OnRead { get; set; }

    public Action? OnExpt { get; set; }

    public Action? OnConnect { get; set; }

    public Action? OnClose { get; set; }

    public Action<Exception>? OnError { get; set; }

    public Action<SocketException>? OnConnectFailed { get; set; }

    public Action? OnEndOfStream { get; set; }

    public Action<AcceptedChannel>? OnAccepted { get; set; }

    protected override void HandleRead()
    {
        Events.Add("read");
        if (OnRead is not null)
        {
            OnRead();
            return;
        }

        byte[] buffer = new byte[4096];
        int count = Recv(buffer);
        Received.AddRange(buffer.AsSpan(0, count));
    }

    protected override void HandleConnect()
    {
        Events.Add("connect");
        OnConnect?.Invoke();
    }

    protected override void HandleConnectFailed(SocketException error)
    {
        Events.Add("connect failed");
        Error = error;
        OnConnectFailed?.Invoke(error);
    }

    protected override void HandleClose()
    {
        Events.Add("close");
        if (OnClose is not null)
        {
            OnClose();
            return;
        }

        Close();
    }

    protected override void HandleEndOfStream()
    {
        Events.Add("end of stream");
        OnEndOfStream?.Invoke();
    }

    protected override void HandleAccepted(AcceptedChannel accepted)
    {
        Events.Add("accepted");
        OnAccepted?.Invoke(accepted);
    }

    protected override void HandleError(Exception error)
    {
        Events.Add("error");
        Error = error;
        if (OnError is not null)
        {
            OnError(error);
            return;
        }

        Close();
    }

    protected override void LogInfo(string message, string type = "info") => Logged.Add($"{type}: {message}");
}
