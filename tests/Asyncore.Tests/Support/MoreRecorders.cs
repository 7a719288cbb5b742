using System.Net.Sockets;

namespace Asyncore.Tests.Support;

/// <summary>A recorder that wants urgent data, and writes down <c>expt</c>.</summary>
internal sealed class UrgentRecorder(Socket? socket = null, EventLoop? loop = null) : Recorder(socket, loop)
{
    protected override void HandleExpt()
    {
        Events.Add("expt");
        OnExpt?.Invoke();
    }
}

/// <summary>A <see cref="DispatcherWithSend"/> that writes down which of its handlers ran.</summary>
internal sealed class QueueRecorder : DispatcherWithSend
{
    public QueueRecorder(Socket? socket = null, EventLoop? loop = null)
        : base(socket, loop)
    {
    }

    public QueueRecorder(AcceptedChannel accepted)
        : base(accepted)
    {
    }

    public List<string> Events { get; } = [];

    public List<byte> Received { get; } = [];

    public Action? OnConnect { get; set; }

    public Action? OnRead { get; set; }

    protected override void HandleConnect()
    {
        Events.Add("connect");
        OnConnect?.Invoke();
    }

    protected override void HandleRead()
    {
        Events.Add("read");
        OnRead?.Invoke();
        Received.AddRange(Receive());
    }

    protected override void HandleHighWater() => Events.Add("high");

    protected override void HandleLowWater() => Events.Add("low");

    protected override void HandleEndOfStream() => Events.Add("end of stream");

    protected override void HandleClose()
    {
        Events.Add("close");
        Close();
    }
}
