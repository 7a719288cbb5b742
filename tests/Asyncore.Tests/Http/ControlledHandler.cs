using Asyncore.Protocols;

namespace Asyncore.Tests.Http;

/// <summary>Counts what it is told and does what a test wants at each call.</summary>
internal sealed class ControlledHandler : IHttpResponseHandler
{
    public Action? Header { get; set; }

    public Action? Body { get; set; }

    public Action? End { get; set; }

    public Action? Failed { get; set; }

    public int Calls { get; private set; }

    public long BodyBytes { get; private set; }

    public void OnHeader(HttpResponseParser response)
    {
        Calls++;
        Header?.Invoke();
    }

    public void OnBody(ReadOnlySpan<byte> data)
    {
        Calls++;
        BodyBytes += data.Length;
        Body?.Invoke();
    }

    public void OnEnd()
    {
        Calls++;
        End?.Invoke();
    }

    public void OnFailed(HttpException error)
    {
        Calls++;
        Failed?.Invoke();
    }
}
