using Asyncore.Protocols;

namespace Asyncore.Cli;

/// <summary>Writes a response's body to a stream, and keeps what came of it.</summary>
internal sealed class Download(Stream output) : IHttpConsumer
{
    /// <summary>Told of the body's length, null where it is unknown, and of the bytes that have come so far.</summary>
    public event Action<long?, long>? Progress;

    public bool IsComplete { get; private set; }

    public Exception? Error { get; private set; }

    private long? Length { get; set; }

    private long Received { get; set; }

    public void HttpHeader(AsyncHttp request)
    {
        if (request.Status >= 400)
        {
            throw new CommandFailedException($"{request.Uri} answers {request.Status} {request.Reason}".TrimEnd());
        }

        Length = request.BodyLength;
        Progress?.Invoke(Length, 0);
    }

    public void Feed(ReadOnlySpan<byte> data)
    {
        output.Write(data);
        Received += data.Length;
        Progress?.Invoke(Length, Received);
    }

    public void Close() => IsComplete = true;

    public void Failed(Exception error) => Error = error;
}
