using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Asyncore.Tests.Support;

/// <summary>
/// A server on plain sockets and a thread of its own that gives as many connections as there are responses one response
/// each, in order, whatever they ask for.
/// </summary>
internal sealed class PlainHttpServer : IDisposable
{
    private readonly Socket _listener = Sockets.Listen(AddressFamily.InterNetwork);
    private readonly List<string> _requests = [];
    private readonly Companion _thread;

    /// <summary>Starts to serve.</summary>
    /// <param name="responses">What to send, as Latin-1.</param>
    public PlainHttpServer(params string[] responses)
    {
        _thread = Companion.Start(() =>
        {
            foreach (string response in responses)
            {
                Serve(response);
            }
        });
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    public string Uri(string target) => $"http://{Address}{target}";

    /// <summary>Waits until all responses have been sent.</summary>
    /// <returns>The requests, header and line ends included.</returns>
    public IReadOnlyList<string> Join()
    {
        _thread.Join();
        return _requests;
    }

    public void Dispose() => _listener.Dispose();

    private void Serve(string response)
    {
        using Socket connection = _listener.AcceptSoon();
        var request = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            int count = connection.Receive(buffer);
            if (count == 0)
            {
                break;
            }

            request.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        _requests.Add(request.ToString());
        try
        {
            connection.Send(Encoding.Latin1.GetBytes(response));
            connection.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // A client may leave when it has read enough.
        }

        connection.ReadToError();
    }
}
