using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// The sample Smtpd's channels in a loop of ours, fed by <c>Pull</c>: the cuts are exactly those that were asked for.
/// </summary>
internal sealed class SmtpBench : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"asyncore-smtpd-{Guid.NewGuid():N}");
    private readonly Listener _listener;

    public SmtpBench(int sizeLimit, TimeProvider? clock = null)
    {
        Loop = new EventLoop(new EventLoopOptions { TimeProvider = clock ?? TimeProvider.System });
        _listener = new Listener(Loop, new Maildir(_folder), sizeLimit).ListenOn(AddressFamily.InterNetwork);
    }

    public EventLoop Loop { get; }

    public (Channel Channel, Socket Client) Connect()
    {
        _listener.Last = null;
        Socket client = Sockets.Dial(_listener.Address!);
        Loop.RunUntil(() => _listener.Last is not null, "the connection");
        return (_listener.Last!, client);
    }

    /// <summary>Has a session in pieces, and ends our side.</summary>
    /// <returns>The replies, and the messages that were stored, in no order.</returns>
    public (string[] Replies, string[] Messages) Talk(IEnumerable<byte[]> pieces)
    {
        (Channel channel, Socket client) = Connect();
        using (client)
        {
            foreach (byte[] piece in pieces)
            {
                channel.Pull(piece);
            }

            client.Shutdown(SocketShutdown.Send);
            string[] replies = SmtpReplies.Parse(ReadToEnd(client));
            Loop.RunUntil(() => channel.IsGone, "the end of the session");
            Assert.Null(channel.Error);
            return (replies, [.. SmtpdScene.TakeMessages(_folder).Order(StringComparer.Ordinal)]);
        }
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

    public void Dispose()
    {
        Loop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A channel that tells what a handler threw.</summary>
    public sealed class Channel(AcceptedChannel accepted, Maildir maildir, int sizeLimit)
        : SmtpChannel(accepted, maildir, sizeLimit)
    {
        public Exception? Error { get; private set; }

        public bool IsGone { get; private set; }

        public int Reads { get; private set; }

        public override void Close()
        {
            IsGone = true;
            base.Close();
        }

        protected override void HandleRead()
        {
            Reads++;
            base.HandleRead();
        }

        protected override void HandleError(Exception error)
        {
            Error = error;
            base.HandleError(error);
        }

        // Thousands of sessions have nothing to say.
        protected override void LogInfo(string message, string type = "info")
        {
        }
    }

    private sealed class Listener(EventLoop loop, Maildir maildir, int sizeLimit) : Dispatcher(loop: loop)
    {
        public Channel? Last { get; set; }

        protected override void HandleAccepted(AcceptedChannel accepted) =>
            Last = new Channel(accepted, maildir, sizeLimit);
    }
}
