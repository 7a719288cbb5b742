using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Asyncore.Testing;

/// <summary>
/// One end of a connection in the hands of a test: what it sends and expects is written down in order, and the network is
/// run until it has come. Text is Latin-1, a byte for each character.
/// </summary>
/// <remarks>
/// What does not come as expected is a <see cref="SimulationException"/> with what was received, the seed and the last of
/// what happened, so it fails a test of any framework.
/// </remarks>
public sealed class SimulatedClient : IDisposable
{
    private readonly SimulatedNetwork _network;
    private readonly Peer _peer;

    internal SimulatedClient(SimulatedNetwork network, EventLoop loop, EndPoint address)
    {
        _network = network;
        _peer = new Peer(loop);
        _peer.Connect(address);
    }

    internal SimulatedClient(SimulatedNetwork network, AcceptedChannel accepted)
    {
        _network = network;
        _peer = new Peer(accepted);
    }

    /// <summary>Its own address; null before it has one.</summary>
    public EndPoint? LocalAddress => _peer.LocalAddress;

    /// <summary>Whether it is connected, and neither end has closed.</summary>
    public bool Connected => _peer.Connected;

    /// <summary>Bytes that have come and were not expected yet.</summary>
    public int Available => _peer.Received.Count;

    /// <summary>How its stream stands: open, ended by the other end, or broken.</summary>
    internal string State => _peer.HasEnded ? "ended" : _peer.IsOver ? "broken" : "open";

    /// <summary>Runs the network until the connection is made.</summary>
    /// <exception cref="SimulationException">It cannot be made.</exception>
    public SimulatedClient ExpectConnected()
    {
        RunUntil(() => _peer.Connected || _peer.IsOver, "a connection");
        return _peer.Connected ? this : throw Failure($"Not connected: {_peer.Reason}.");
    }

    /// <summary>Runs the network until connecting has failed.</summary>
    /// <returns>How.</returns>
    public SocketError ExpectConnectFailed()
    {
        RunUntil(() => _peer.Connected || _peer.IsOver, "a connect that fails");
        return _peer.ConnectError ?? throw Failure("The connection was made.");
    }

    /// <summary>Sends text; it may go before the connection is made.</summary>
    /// <param name="text">Latin-1.</param>
    public void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends bytes.</summary>
    /// <param name="data">The bytes.</param>
    public void Send(ReadOnlySpan<byte> data) => _peer.SendSoon(data);

    /// <summary>Runs the network until so many bytes have come, which have to be these.</summary>
    /// <param name="text">Latin-1.</param>
    public void Expect(string text) => Expect(Encoding.Latin1.GetBytes(text));

    /// <summary>Runs the network until so many bytes have come, which have to be these.</summary>
    /// <param name="data">The bytes.</param>
    public void Expect(ReadOnlySpan<byte> data)
    {
        byte[] got = Take(data.Length);
        if (!data.SequenceEqual(got))
        {
            throw Failure($"Expected {Shown(data)}\nbut got  {Shown(got)}.");
        }
    }

    /// <summary>Runs the network until a line has come.</summary>
    /// <returns>The line, without CRLF or LF.</returns>
    public string ExpectLine()
    {
        byte[] looked = [];
        RunUntil(() => Array.IndexOf(looked = _peer.Received.Peek(), (byte)'\n') >= 0 || _peer.IsOver || _peer.HasEnded, "a line");
        int end = Array.IndexOf(looked, (byte)'\n');
        return end >= 0
            ? Encoding.Latin1.GetString(Take(end + 1)).TrimEnd('\n').TrimEnd('\r')
            : throw Failure($"Expected a line, and the stream ended behind {Shown(looked)}.");
    }

    /// <summary>Runs the network until so many bytes have come.</summary>
    /// <param name="count">How many.</param>
    public byte[] Take(int count)
    {
        RunUntil(() => _peer.Received.Count >= count || _peer.IsOver || _peer.HasEnded, $"{count} bytes");
        if (_peer.Received.Count < count)
        {
            throw Failure($"Expected {count} bytes, and the stream ended behind {Shown(_peer.Received.Peek())}.");
        }

        return _peer.Received.Take(count);
    }

    /// <summary>Runs the network until the other end has ended its stream in order.</summary>
    /// <returns>What came before the end.</returns>
    public byte[] TakeToEnd()
    {
        RunUntil(() => _peer.HasEnded || _peer.IsOver, "the end of the stream");
        return _peer.HasEnded ? _peer.Received.Take(_peer.Received.Count) : throw Failure($"Expected the end: {_peer.Reason}.");
    }

    /// <summary>Runs the network until the other end has ended its stream in order, with nothing before it.</summary>
    public void ExpectEnd()
    {
        byte[] rest = TakeToEnd();
        if (rest.Length > 0)
        {
            throw Failure($"Expected the end, and before it came {Shown(rest)}.");
        }
    }

    /// <summary>Runs the network until the connection is broken.</summary>
    public void ExpectReset()
    {
        RunUntil(() => _peer.IsOver || _peer.HasEnded, "a reset");
        if (_peer.HasEnded || _peer.Reason is null)
        {
            throw Failure("Expected a reset, and the stream ended in order.");
        }
    }

    /// <summary>Runs the network for so long, in which nothing may come.</summary>
    /// <param name="time">How long, by the network's clock.</param>
    public void ExpectNothing(TimeSpan time)
    {
        int before = _peer.Received.Count;
        _network.Run(time);
        if (_peer.Received.Count > before || _peer.HasEnded || _peer.IsOver)
        {
            throw Failure($"Expected nothing for {time}: {Shown(_peer.Received.Peek())}.");
        }
    }

    /// <summary>Reads no more until <see cref="Resume"/>, so that the other end is held back.</summary>
    public void Pause() => _peer.PauseReading();

    /// <summary>Reads again.</summary>
    public void Resume() => _peer.ResumeReading();

    /// <summary>Ends its own stream, behind what was sent; it can still receive.</summary>
    public void End() => _peer.EndSoon();

    /// <summary>Closes, once what was sent has left.</summary>
    public void Close() => _peer.Close();

    /// <summary>Breaks the connection; what has not left is dropped.</summary>
    public void Reset() => _peer.Abort();

    /// <summary>Closes.</summary>
    public void Dispose() => Close();

    private void RunUntil(Func<bool> condition, string what)
    {
        try
        {
            _network.RunUntil(condition);
        }
        catch (SimulationException error)
        {
            throw new SimulationException($"{this} waits for {what}. {error.Message}", error);
        }
    }

    /// <summary>Its addresses.</summary>
    public override string ToString() => $"client {_peer.LocalAddress}>{_peer.Address}";

    private SimulationException Failure(string what) => new($"{this}: {what}", _network);

    private static string Shown(ReadOnlySpan<byte> data)
    {
        const int Most = 200;
        var text = new StringBuilder("\"");
        foreach (byte each in data[..Math.Min(data.Length, Most)])
        {
            text.Append(each switch
            {
                (byte)'\r' => "\\r",
                (byte)'\n' => "\\n",
                >= 32 and < 127 => ((char)each).ToString(),
                _ => FormattableString.Invariant($"\\x{each:x2}"),
            });
        }

        return text.Append('"').Append(data.Length > Most ? FormattableString.Invariant($"… ({data.Length} bytes)") : "").ToString();
    }

    private sealed class Peer : DispatcherWithSend
    {
        private readonly List<byte[]> _early = []; // sent before there was a connection
        private bool _endsEarly;

        public Peer(EventLoop loop)
            : base(null, loop) => AllowHalfOpen = true;

        public Peer(AcceptedChannel accepted)
            : base(accepted) => AllowHalfOpen = true;

        public ByteQueue Received { get; } = new();

        public bool HasEnded { get; private set; }

        public bool IsOver { get; private set; }

        public SocketError? ConnectError { get; private set; }

        public Exception? Reason { get; private set; }

        public void SendSoon(ReadOnlySpan<byte> data)
        {
            if (Connected)
            {
                Send(data);
            }
            else
            {
                _early.Add(data.ToArray());
            }
        }

        public void EndSoon()
        {
            if (Connected)
            {
                ShutdownSend();
            }
            else
            {
                _endsEarly = true;
            }
        }

        protected internal override void HandleConnect()
        {
            foreach (byte[] each in _early)
            {
                Send(each);
            }

            if (_endsEarly)
            {
                ShutdownSend();
            }
        }

        protected internal override void HandleRead() => Received.Append(Receive());

        protected internal override void HandleEndOfStream() => HasEnded = true;

        protected internal override void HandleConnectFailed(SocketException error)
        {
            ConnectError = error.SocketErrorCode;
            Reason = error;
            IsOver = true;
            Close();
        }

        protected internal override void HandleClose()
        {
            Reason = CloseReason;
            IsOver = true;
            Close();
        }
    }
}
