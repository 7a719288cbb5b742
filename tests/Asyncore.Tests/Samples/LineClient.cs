using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Asyncore.Tests.Samples;

/// <summary>A plain blocking client that speaks in lines; reading waits.</summary>
internal sealed class LineClient : IDisposable
{
    private const int Patience = 20_000; // milliseconds; only ever met by a test that fails

    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    public LineClient(EndPoint address, int? receiveBuffer = null)
    {
        Socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = Patience,
            SendTimeout = Patience,
        };
        if (receiveBuffer is { } size)
        {
            Socket.ReceiveBufferSize = size; // before it connects, or the kernel has promised more
        }

        Socket.Connect(address);
    }

    public Socket Socket { get; }

    public void Say(params ReadOnlySpan<string> lines)
    {
        var text = new StringBuilder();
        foreach (string line in lines)
        {
            text.Append(line).Append('\n');
        }

        SayBytes(Encoding.UTF8.GetBytes(text.ToString()));
    }

    public void SayBytes(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[Socket.Send(bytes)..];
        }
    }

    /// <summary>The next line, whose end must be CR LF; null where the stream ends before it has begun.</summary>
    public string? Read()
    {
        int searched = 0;
        while (true)
        {
            int at = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                string line = Encoding.UTF8.GetString(_buffer, _start, searched + at + 1);
                _start += searched + at + 1;
                Xunit.Assert.EndsWith("\r\n", line, StringComparison.Ordinal);
                return line[..^2];
            }

            searched = _end - _start;
            if (!Fill())
            {
                Xunit.Assert.Equal(0, searched);
                return null;
            }
        }
    }

    /// <summary>Reads on until a line is there.</summary>
    /// <returns>The lines before it.</returns>
    public List<string> ReadUntil(string last)
    {
        List<string> before = [];
        while (true)
        {
            string line = Read() ?? throw new EndOfStreamException($"no '{last}' after '{before.LastOrDefault()}'");
            if (line == last)
            {
                return before;
            }

            before.Add(line);
        }
    }

    /// <summary>The lines until the peer's orderly end.</summary>
    public List<string> ReadToEnd()
    {
        List<string> lines = [];
        while (Read() is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }

    public void Dispose() => Socket.Dispose();

    private bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        int count = Socket.Receive(_buffer.AsSpan(_end));
        _end += count;
        return count > 0;
    }
}
