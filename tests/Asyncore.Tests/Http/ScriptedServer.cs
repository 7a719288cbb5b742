using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Http;

/// <summary>
/// A server that does what a test says for each target, well or badly: it knows no HTTP but where a header ends.
/// </summary>
internal sealed class ScriptedServer : Dispatcher
{
    private readonly Dictionary<string, Action<ScriptedConnection>> _scripts = [];

    public ScriptedServer(EventLoop loop, AddressFamily family = AddressFamily.InterNetwork)
        : base(null, loop) => this.ListenOn(family);

    /// <summary>The requests that came, header and line ends included.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Every connection that was made.</summary>
    public List<ScriptedConnection> Connections { get; } = [];

    /// <summary>What scripts threw.</summary>
    public List<Exception> Errors { get; } = [];

    public int Port => ((IPEndPoint)Address!).Port;

    /// <summary>Where connections are told of before they have said anything.</summary>
    public Action<ScriptedConnection>? OnConnection { get; set; }

    /// <summary>What answers a target that no script is for.</summary>
    public Action<ScriptedConnection>? Otherwise { get; set; }

    /// <summary>The targets that were asked for, in order.</summary>
    public IEnumerable<string> Targets => Requests.Select(request => request.Split(' ')[1]);

    public Uri Uri(string target) => new($"http://{Address}{target}");

    /// <summary>Runs a script when a request for a target has come.</summary>
    public void On(string target, Action<ScriptedConnection> script) => _scripts[target] = script;

    /// <summary>Answers a target with these bytes (Latin-1), and closes.</summary>
    public void On(string target, string response) => On(target, connection => connection.Answer(response));

    public void Run(ScriptedConnection connection, string request)
    {
        Requests.Add(request);
        if (_scripts.TryGetValue(request.Split(' ')[1], out Action<ScriptedConnection>? script))
        {
            script(connection);
        }
        else if (Otherwise is not null)
        {
            Otherwise(connection);
        }
        else
        {
            connection.Answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        }
    }

    protected override void HandleAccepted(AcceptedChannel accepted)
    {
        var connection = new ScriptedConnection(accepted, this);
        Connections.Add(connection);
        OnConnection?.Invoke(connection);
    }

    protected override void HandleError(Exception error) => Errors.Add(error);
}

/// <summary>One connection of a <see cref="ScriptedServer"/>.</summary>
internal sealed class ScriptedConnection : DispatcherWithSend
{
    private readonly ScriptedServer _server;
    private readonly StringBuilder _request = new();
    private readonly MemoryStream _body = new();
    private bool _isWhole;

    public ScriptedConnection(AcceptedChannel accepted, ScriptedServer server)
        : base(accepted)
    {
        _server = server;
    }

    /// <summary>What has come, up to the empty line that ends the header.</summary>
    public string Request => _request.ToString();

    /// <summary>What has come after the header.</summary>
    public byte[] Body => _body.ToArray();

    public long BodyLength => _body.Length;

    /// <summary>Called when more of the body has come.</summary>
    public Action? OnBody { get; set; }

    /// <summary>Whether the client has ended the connection, in one way or another.</summary>
    public bool ClientLeft { get; private set; }

    public void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends and closes.</summary>
    public void Answer(string response)
    {
        Send(response);
        Close();
    }

    /// <summary>Sends one byte in each pass, then calls back.</summary>
    public void Drip(string text, Action? then = null, int done = 0)
    {
        if (done == text.Length)
        {
            then?.Invoke();
            return;
        }

        Send(text[done..(done + 1)]);
        Loop.Post(() => Drip(text, then, done + 1));
    }

    protected override void HandleRead()
    {
        ReadOnlySpan<byte> data = Receive();
        bool begins = false;
        while (!_isWhole && !data.IsEmpty)
        {
            _request.Append((char)data[0]);
            data = data[1..];
            begins = _isWhole = _request.Length >= 4 && _request.ToString(_request.Length - 4, 4) == "\r\n\r\n";
        }

        _body.Write(data);
        if (begins)
        {
            _server.Run(this, Request);
        }

        if (!data.IsEmpty)
        {
            OnBody?.Invoke();
        }
    }

    protected override void HandleClose()
    {
        ClientLeft = true;
        Close();
    }

    protected override void HandleError(Exception error)
    {
        _server.Errors.Add(error);
        Close();
    }
}
