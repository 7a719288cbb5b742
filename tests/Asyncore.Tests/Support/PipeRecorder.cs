using System.Runtime.InteropServices;

namespace Asyncore.Tests.Support;

/// <summary>A <see cref="FileDispatcher"/> that writes down which of its handlers ran.</summary>
public sealed class PipeRecorder(SafeHandle handle, EventLoop loop) : FileDispatcher(handle, loop)
{
    public List<string> Events { get; } = [];

    public List<byte> Received { get; } = [];

    protected override void HandleRead()
    {
        Events.Add("read");
        byte[] buffer = new byte[4096];
        Received.AddRange(buffer[..Recv(buffer)]);
    }

    protected override void HandleClose()
    {
        Events.Add("close");
        Close();
    }

    protected override void HandleError(Exception error)
    {
        Events.Add("error");
        Close();
    }
}
