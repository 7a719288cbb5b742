using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Fuzz;

/// <summary>The sample Smtpd's channels in a loop of ours, at connections of the system.</summary>
internal sealed class SmtpBench : IDisposable
{
    private readonly Listener _listener;

    public SmtpBench(int sizeLimit, TimeProvider? clock = null)
    {
        Loop = new EventLoop(new EventLoopOptions { TimeProvider = clock ?? TimeProvider.System });
        _listener = new Listener(Loop, sizeLimit).ListenOn(AddressFamily.InterNetwork);
    }

    public EventLoop Loop { get; }

    public (SmtpProbe Channel, Socket Client) Connect()
    {
        _listener.Last = null;
        Socket client = Sockets.Dial(_listener.Address!);
        Loop.RunUntil(() => _listener.Last is not null, "the connection");
        return (_listener.Last!, client);
    }

    public byte[] ReadToEnd(Socket client)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        bool ended = false;
        Loop.RunUntil(
            () =>
            {
                while (!ended && client.Poll(TimeSpan.Zero, SelectMode.SelectRead))
                {
                    int count = client.Receive(buffer);
                    all.Write(buffer, 0, count);
                    ended = count == 0;
                }

                return ended;
            },
            $"the end of the replies, after {Encoding.Latin1.GetString(all.ToArray())}");
        return all.ToArray();
    }

    public void Dispose() => Loop.Dispose();

    private sealed class Listener(EventLoop loop, int sizeLimit) : Dispatcher(loop: loop)
    {
        public SmtpProbe? Last { get; set; }

        protected override void HandleAccepted(AcceptedChannel accepted) => Last = new SmtpProbe(accepted, sizeLimit);
    }
}
