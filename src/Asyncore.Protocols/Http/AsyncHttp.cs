using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>
/// One HTTP/1.1 request without a body (RFC 9110, RFC 9112), told to a consumer as its response arrives. It starts by
/// itself when the loop runs, uses a connection of its own, and closes it at the end.
/// </summary>
/// <remarks>
/// Redirects are followed by <see cref="RedirectingConsumer"/>. Compression is not asked for. What is set before the
/// loop runs holds for the request.
/// </remarks>
public class AsyncHttp : DispatcherWithSend
{
    private static readonly TimeSpan _defaultConnectTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _defaultIdleTimeout = TimeSpan.FromSeconds(60);

    private readonly IHttpConsumer _consumer;
    private readonly HttpResponseParser _parser;
    private readonly TimerHandle _timer;
    private bool _told;

    /// <summary>Begins a request.</summary>
    /// <param name="uri">What to fetch: an absolute http URI.</param>
    /// <param name="consumer">Who takes the response.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="ArgumentException">The URI is relative.</exception>
    /// <exception cref="NotSupportedException">The URI is not http; there is no TLS yet.</exception>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public AsyncHttp(Uri uri, IHttpConsumer consumer, EventLoop? loop = null)
        : base(null, loop)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        HttpUri.Require(uri);
        Uri = uri;
        _consumer = consumer;
        _parser = new HttpResponseParser(new Teller(this));
        try
        {
            Connect(HttpUri.ConnectHost(uri), uri.Port);
            _timer = Loop.CallLater(ConnectTimeout, TimeUp);
        }
        catch
        {
            base.Close(); // a request that could not be made keeps no descriptor
            throw;
        }
    }

    /// <summary>What is fetched.</summary>
    public Uri Uri { get; }

    /// <summary>The status code; 0 until the header has come.</summary>
    public int Status => _parser.Status;

    /// <summary>The words after the status code, for people; empty until the header has come.</summary>
    public string Reason => _parser.Reason;

    /// <summary>The header fields; none until the header has come.</summary>
    public HttpHeaderCollection Header => _parser.Header;

    /// <summary>The body's length in bytes, where the response announced one.</summary>
    public long? BodyLength => _parser.BodyLength;

    /// <summary>The bytes of the body that have come.</summary>
    public long BodyReceived => _parser.BodyReceived;

    /// <summary>More header fields to send, such as Authorization; the client writes what it needs itself.</summary>
    public IList<KeyValuePair<string, string>> RequestFields { get; } = [];

    /// <summary>
    /// How long resolving the name and connecting may take; 30 seconds at first, from the constructor on.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not above zero.</exception>
    public TimeSpan ConnectTimeout
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
            if (!Connected && !_timer.IsCancelled)
            {
                _timer.Delay(value);
            }
        }
    }

    = _defaultConnectTimeout;

    /// <summary>How long the server may be silent once connected; 60 seconds at first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not above zero.</exception>
    public TimeSpan IdleTimeout
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
            if (Connected && !_timer.IsCancelled)
            {
                _timer.Delay(value);
            }
        }
    }

    = _defaultIdleTimeout;

    /// <summary>Ends the request; the consumer is told nothing more. <see cref="Dispatcher.Abort"/> does so too.</summary>
    public override void Close()
    {
        _timer.Cancel(); // first: on a wrong thread it throws, and nothing has happened
        _told = true;
        _parser.Abort();
        base.Close();
    }

    /// <summary>Connected: the request is sent.</summary>
    protected override void HandleConnect()
    {
        Send(HttpRequest.Format(Uri, "GET", RequestFields));
        _timer.Delay(IdleTimeout);
    }

    /// <summary>A part of the response has come.</summary>
    protected override void HandleRead()
    {
        ReadOnlySpan<byte> data = Receive();
        if (!data.IsEmpty)
        {
            _timer.Reset();
            Parse(data);
        }
    }

    /// <summary>Nobody answers.</summary>
    /// <param name="error">Why.</param>
    protected override void HandleConnectFailed(SocketException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        Fail(new HttpException($"cannot connect to {HttpUri.HostField(Uri)}: {error.Message}", error));
    }

    /// <summary>The connection has ended: with the response, or too early.</summary>
    protected override void HandleClose()
    {
        _parser.EndOfStream(CloseReason);
        Close();
    }

    /// <summary>A consumer threw: the request ends, and it is told so.</summary>
    /// <param name="error">What it threw.</param>
    protected override void HandleError(Exception error) => Fail(error);

    private void Parse(ReadOnlySpan<byte> data)
    {
        try
        {
            _parser.Feed(data);
        }
        catch (ExitNowException)
        {
            Close(); // the rest of the data is lost to whoever left, so nobody could go on
            throw;
        }
    }

    private void TimeUp()
    {
        (HttpTimeoutPhase phase, TimeSpan limit, string what) = Connected
            ? (HttpTimeoutPhase.Idle, IdleTimeout, "sent nothing")
            : (HttpTimeoutPhase.Connect, ConnectTimeout, "could not be connected to");
        Fail(new HttpTimeoutException(
            $"{HttpUri.HostField(Uri)} {what} for {limit.TotalSeconds:0.###} seconds", phase, limit));
    }

    private void Fail(Exception error)
    {
        bool tell = !_told;
        Close();
        if (tell)
        {
            _consumer.Failed(error);
        }
    }

    // The parser's view of this request, so that its calls are not part of the public class.
    private sealed class Teller(AsyncHttp request) : IHttpResponseHandler
    {
        public void OnHeader(HttpResponseParser response) => request._consumer.HttpHeader(request);

        public void OnBody(ReadOnlySpan<byte> data) => request._consumer.Feed(data);

        public void OnEnd()
        {
            request.Close();
            request._consumer.Close();
        }

        public void OnFailed(HttpException error) => request.Fail(error);
    }
}
