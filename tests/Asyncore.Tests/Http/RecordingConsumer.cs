using System.Text;
using Asyncore.Protocols;

namespace Asyncore.Tests.Http;

/// <summary>Writes down what it is told, and does what a test wants at each call.</summary>
internal sealed class RecordingConsumer : IHttpConsumer
{
    private readonly MemoryStream _body = new();

    /// <summary>
    /// What was told, in order: <c>header 200</c>, <c>feed</c> (any number of pieces in a row are one), <c>close</c>,
    /// <c>failed</c>.
    /// </summary>
    public List<string> Events { get; } = [];

    /// <summary>The same as one text.</summary>
    public string Told => string.Join(", ", Events);

    /// <summary>The request that told its header.</summary>
    public AsyncHttp? Request { get; private set; }

    public byte[] BodyBytes => _body.ToArray();

    public string Body => Encoding.Latin1.GetString(BodyBytes);

    public Exception? Failure { get; private set; }

    /// <summary>Whether an end has been told, or a test has closed the request.</summary>
    public bool IsDone { get; set; }

    /// <summary>Whether the body is kept.</summary>
    public bool KeepsBody { get; set; } = true;

    public Action<AsyncHttp>? OnHeader { get; set; }

    public SpanAction? OnFeed { get; set; }

    public Action? OnClose { get; set; }

    public Action? OnFailed { get; set; }

    public void HttpHeader(AsyncHttp request)
    {
        Events.Add($"header {request.Status}");
        Request = request;
        OnHeader?.Invoke(request);
    }

    public void Feed(ReadOnlySpan<byte> data)
    {
        string entry = data.IsEmpty ? "feed of nothing" : "feed";
        if (Events.LastOrDefault() != entry)
        {
            Events.Add(entry);
        }

        if (KeepsBody)
        {
            _body.Write(data);
        }

        OnFeed?.Invoke(data);
    }

    public void Close()
    {
        Events.Add("close");
        IsDone = true;
        OnClose?.Invoke();
    }

    public void Failed(Exception error)
    {
        Events.Add("failed");
        Failure = error;
        IsDone = true;
        OnFailed?.Invoke();
    }

    /// <summary>Takes a view of bytes.</summary>
    public delegate void SpanAction(ReadOnlySpan<byte> data);
}
