using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

/// <summary>The two ends, in one loop.</summary>
public class AstmPairTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void WhatIsSentIsStored(IoBackendKind kind)
    {
        var stored = new List<string>();
        using EventLoop loop = TestLoop.Create(kind);
        using var server = new AstmServer("127.0.0.1", 0, bytes => stored.Add(Encoding.Latin1.GetString(bytes)), loop);
        string[] messages = [.. Enumerable.Range(0, 5).Select(i => Message(i, length: i * 480))];
        AstmSender sender = Connect(server, messages, Astm.MaxText);
        loop.RunUntil(() => sender.IsDone, "the last acknowledgement");
        Assert.Null(sender.Failure);
        Assert.Equal(messages, stored);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void SeveralSendersWithLongFrames(IoBackendKind kind)
    {
        var stored = new List<string>();
        using EventLoop loop = TestLoop.Create(kind);
        using var server = new AstmServer("::1", 0, bytes => stored.Add(Encoding.Latin1.GetString(bytes)), loop);
        string[] messages = [.. Enumerable.Range(0, 4).Select(i => Message(i, length: 150_000 + i))];
        AstmSender[] senders = [.. messages.Select(each => Connect(server, [each, each], Astm.MaxTextOfLis1))];
        loop.RunUntil(() => senders.All(sender => sender.IsDone), "the last acknowledgements");
        Assert.All(senders, sender => Assert.Null(sender.Failure));
        Assert.Equal(messages.SelectMany(each => new[] { each, each }), stored.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AReceiverWithoutADiskHasTheMessageRefused()
    {
        using EventLoop loop = TestLoop.Create(IoBackendKind.Epoll);
        int tries = 0;
        Action<byte[]> store = _ =>
        {
            tries++;
            throw new IOException("the disk is full");
        };
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.Unix);
        using AstmReceiver receiver = new(ours, store, loop: loop) { IgnoreLogTypes = ["info"] };
        var sender = new AstmSender(["a"u8.ToArray()], loop: loop);
        using (peer)
        {
            // The sender's bytes go to the receiver by a server that is of no other use.
            using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
            sender.CreateSocket();
            sender.Connect(listener.LocalEndPoint!);
            using Socket middle = listener.AcceptSoon();
            var pump = Companion.Start(() =>
            {
                byte[] buffer = new byte[64];
                while (middle.Receive(buffer) is > 0 and var count && !buffer.AsSpan(0, count).Contains(Astm.Eot))
                {
                    peer.Send(buffer.AsSpan(0, count));
                    middle.Send(peer.ReadExactly(1));
                }
            });
            pump.Join(loop);
        }

        Assert.Equal("frame 1 was refused 7 times", sender.Failure);
        Assert.Equal(7, tries);
    }

    private static AstmSender Connect(AstmServer server, IEnumerable<string> messages, int maxText)
    {
        var sender = new AstmSender(messages.Select(Encoding.Latin1.GetBytes), maxText, server.Loop);
        sender.CreateSocket(server.Address!.AddressFamily);
        sender.Connect(server.Address);
        return sender;
    }

    // Every character that may be in a message, and those with which one could mistake frames for each other.
    private static string Message(int seed, int length)
    {
        char[] letters = [.. Enumerable.Range(0, 256)
            .Where(each => AstmFrame.IndexOfRestricted([(byte)each]) < 0).Select(each => (char)each)];
        return $"{seed}" + string.Concat(Enumerable.Range(seed, length).Select(i => letters[i * 7 % letters.Length]));
    }
}
