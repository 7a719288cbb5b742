using System.Net.Sockets;
using Asyncore.Testing;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>What a script does to a channel from the other side.</summary>
internal interface IStoryPeer : IDisposable
{
    void Send(int count);

    void End();

    void Reset();

    void Close();

    /// <summary>What it has got in all, and how its stream stands.</summary>
    string Look();
}

/// <summary>A socket of the system.</summary>
internal sealed class SystemStoryPeer(Socket socket) : IStoryPeer
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _got;
    private string _state = "open";

    public bool IsClosed { get; private set; }

    public bool HasEnded { get; private set; }

    /// <summary>What it sent has arrived, or never will: of a broken connection the system still counts it.</summary>
    public bool HasSettled => IsClosed || socket.Unacknowledged() == 0 || socket.Poll(0, SelectMode.SelectRead);

    public void AwaitNews()
    {
        if (!IsClosed)
        {
            Assert.True(socket.Poll(20_000_000, SelectMode.SelectRead), "the channel's end has not come");
        }
    }

    public void Send(int count)
    {
        try
        {
            socket.Send(new byte[count]);
        }
        catch (SocketException)
        {
            // told by the next look
        }
    }

    public void End()
    {
        HasEnded = true;
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // broken already
        }
    }

    public void Reset()
    {
        socket.ResetOnClose();
        Close();
    }

    public void Close()
    {
        (HasEnded, IsClosed) = (true, true);
        socket.Dispose();
    }

    public string Look()
    {
        while (_state == "open" && socket.Poll(0, SelectMode.SelectRead))
        {
            int count = socket.Receive(_buffer, 0, _buffer.Length, SocketFlags.None, out SocketError error);
            _got += Math.Max(count, 0);
            _state = error != SocketError.Success ? "broken" : count == 0 ? "ended" : "open";
        }

        return $"has {_got} bytes, {_state}";
    }

    public void Dispose() => socket.Dispose();
}

/// <summary>A scripted end of the simulated network.</summary>
internal sealed class SimulatedStoryPeer(SimulatedClient client) : IStoryPeer
{
    public void Send(int count) => client.Send(new byte[count]);

    public void End() => client.End();

    public void Reset() => client.Reset();

    public void Close() => client.Close();

    public string Look() => $"has {client.Available} bytes, {client.State}";

    public void Dispose() => client.Dispose();
}
