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
    private readonly ScriptedEnd _peer;
    private bool _endTaken;
    private bool _isPaused;

    internal SimulatedClient(SimulatedNetwork network, EventLoop loop, EndPoint address)
    {
        _network = network;
        _peer = new ScriptedEnd(loop);
        _peer.Connect(address);
    }

    internal SimulatedClient(SimulatedNetwork network, AcceptedChannel accepted)
    {
        _network = network;
        _peer = new ScriptedEnd(accepted);
    }

    /// <summary>Its own address; null before it has one.</summary>
    public EndPoint? LocalAddress => _peer.LocalAddress;

    /// <summary>
    /// Whether the connection is made and neither closed here nor broken; the end of the other end's stream is neither.
    /// </summary>
    public bool Connected => _peer.Connected;

    /// <summary>Bytes that have come and were not expected yet.</summary>
    public int Available => _peer.Received.Count;

    /// <summary>How its stream stands: open, ended by the other end, or broken.</summary>
    internal string State => _peer.HasEnded ? "ended" : _peer.IsOver ? "broken" : "open";

    private string Ending => _peer.HasEnded ? "the stream ended"
        : _peer.ConnectError is { } error ? $"there is no connection ({error})"
        : $"the connection broke ({_peer.Reason?.Message})";

    /// <summary>Runs the network until the connection is made.</summary>
    /// <exception cref="SimulationException">It cannot be made.</exception>
    public SimulatedClient ExpectConnected()
    {
        RunUntil(() => _peer.Connected || _peer.IsOver, "a connection");
        string hint = _peer.ConnectError == SocketError.ConnectionRefused
            ? " Nobody listens there; a channel that was given no loop of this network is on EventLoop.Default, which is the machine's."
            : "";
        return _peer.Connected ? this : throw Failure($"Not connected: {_peer.Reason}.{hint}");
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
    /// <exception cref="ArgumentException">A character is not Latin-1.</exception>
    /// <exception cref="InvalidOperationException">It has ended its stream, or closed.</exception>
    public void Send(string text) => Send(Bytes(text));

    /// <summary>Sends bytes. Where the connection has broken they go nowhere.</summary>
    /// <param name="data">The bytes.</param>
    /// <exception cref="InvalidOperationException">It has ended its stream, or closed.</exception>
    public void Send(ReadOnlySpan<byte> data) => _peer.SendSoon(data);

    /// <summary>Runs the network until so many bytes have come, which have to be these.</summary>
    /// <param name="text">Latin-1.</param>
    /// <exception cref="ArgumentException">A character is not Latin-1.</exception>
    public void Expect(string text) => Expect(Bytes(text));

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
            ? Encoding.Latin1.GetString(Take(end + 1).AsSpan(0, end > 0 && looked[end - 1] == '\r' ? end - 1 : end))
            : throw Failure($"Expected a line, and {Ending} behind {Shown(looked)}.");
    }

    /// <summary>Runs the network until so many bytes have come.</summary>
    /// <param name="count">How many.</param>
    public byte[] Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        RunUntil(() => _peer.Received.Count >= count || _peer.IsOver || _peer.HasEnded, $"{count} bytes");
        if (_peer.Received.Count < count)
        {
            throw Failure($"Expected {count} bytes, and {Ending} behind {Shown(_peer.Received.Peek())}.");
        }

        return _peer.Received.Take(count);
    }

    /// <summary>Runs the network until the other end has ended its stream in order.</summary>
    /// <returns>What came before the end.</returns>
    public byte[] TakeToEnd()
    {
        RunUntil(() => _peer.HasEnded || _peer.IsOver, "the end of the stream");
        _endTaken = _peer.HasEnded;
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

    /// <summary>Runs the network until the connection is broken; behind an end that was expected, too.</summary>
    public void ExpectReset()
    {
        RunUntil(() => _peer.IsOver || (_peer.HasEnded && !_endTaken), "a reset");
        if (_peer.ConnectError is { } error)
        {
            throw Failure($"Expected a reset, and there was no connection: {error}.");
        }

        if (!_peer.IsOver || _peer.Reason is null)
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
            throw Failure($"Expected nothing for {time}: {Shown(_peer.Received.Peek())}{(_peer.HasEnded || _peer.IsOver ? $", and {Ending}" : "")}.");
        }
    }

    /// <summary>Reads no more until <see cref="Resume"/>, so that the other end is held back.</summary>
    public void Pause()
    {
        _isPaused = true;
        _peer.PauseReading();
    }

    /// <summary>Reads again.</summary>
    public void Resume()
    {
        _isPaused = false;
        _peer.ResumeReading();
    }

    /// <summary>Ends its own stream, behind what was sent; it can still receive.</summary>
    public void End() => _peer.EndSoon();

    /// <summary>Closes, once the connection is made and what was sent has left.</summary>
    public void Close() => _peer.CloseSoon();

    /// <summary>Breaks the connection; what has not left is dropped.</summary>
    public void Reset() => _peer.Abort();

    /// <summary>Closes; a connection that is not made yet is none.</summary>
    public void Dispose() => _peer.Close();

    private void RunUntil(Func<bool> condition, string what)
    {
        try
        {
            _network.RunUntil(condition);
        }
        catch (SimulationException error) when (error.Problem is not null)
        {
            string paused = _isPaused ? ", while it is paused" : "";
            throw new SimulationException(
                $"{this} waits for {what}{paused}, and has got {Shown(_peer.Received.Peek())}. {error.Problem}", _network, error.InnerException);
        }
    }

    /// <summary>Its addresses.</summary>
    public override string ToString() => $"client {_peer.LocalAddress}>{_peer.Address}";

    private static byte[] Bytes(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int other = text.AsSpan().IndexOfAnyExceptInRange('\0', '\xff');
        return other < 0
            ? Encoding.Latin1.GetBytes(text)
            : throw new ArgumentException($"'{text[other]}' is not Latin-1: say it in bytes.", nameof(text));
    }

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
}
