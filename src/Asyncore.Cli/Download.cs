using Asyncore.Protocols;

namespace Asyncore.Cli;

/// <summary>Writes a response's body to a stream, and keeps what came of it.</summary>
/// <param name="output">Where the body goes.</param>
/// <param name="name">What that is called in a message.</param>
internal sealed class Download(Stream output, string name) : IHttpConsumer
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
        try
        {
            output.Write(data);
        }
        catch (IOException error)
        {
            // Nobody reads it any more, or there is no room: the rest is not fetched. What is thrown here ends it.
            throw new CommandFailedException($"cannot write to {name}: {error.Message}");
        }

        Received += data.Length;
        Progress?.Invoke(Length, Received);
    }

    public void Close() => IsComplete = true;

    public void Failed(Exception error) => Error = error;
}
