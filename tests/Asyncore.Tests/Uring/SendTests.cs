using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Uring;

/// <summary>
/// Sends leave in a batch, with the wait of the next pass. Whatever is done to the channel before that: what
/// <c>Send</c> took leaves once, in order.
/// </summary>
public class SendTests
{
    public static TheoryData<string> Meanwhile =>
        ["nothing", "close", "remove", "move", "shutdown", "more", "flush", "large", "socket", "pause", "stop", "exit"];

    // 12. A callback that was posted by the handler that sent runs when the batch is made and has not left.
    [Theory, MemberData(nameof(Meanwhile))]
    public void What_happens_before_the_batch_leaves_loses_nothing(string what)
    {
        using EventLoop loop = Ring.Create();
        using EventLoop other = Ring.Create();
        using IDisposable reason = loop.KeepAlive();
        (Recorder channel, Socket peer) = loop.Connect();
        using Socket _ = peer;
        string expected = "sent";
        channel.OnRead = () =>
        {
            channel.Recv(new byte[10]);
            Assert.Equal(4, channel.Send("sent"u8));
            loop.Post(() =>
            {
                Assert.True(loop.HasBatch());
                loop.Stop();
                Do();
            });
        };
        peer.Send("x"u8);
        try
        {
            loop.RunUntilStopped();
        }
        catch (ExitNowException) when (what == "exit")
        {
        }

        Assert.False(loop.HasBatch());
        channel.Loop.Passes(1); // where it has moved, that loop sends
        Assert.Equal(expected, Encoding.ASCII.GetString(peer.ReadExactly(expected.Length)));
        if (what is "close" or "shutdown")
        {
            Assert.Empty(peer.ReadToEnd());
        }
        else
        {
            // Nothing twice: what is sent now comes next.
            channel.Send("more"u8);
            channel.Flush();
            channel.Close();
            channel.Loop.Passes(2);
            Assert.Equal("more", Encoding.ASCII.GetString(peer.ReadToEnd()));
        }

        loop.AssertBuffersBack();

        void Do()
        {
            switch (what)
            {
                case "close":
                    channel.Close();
                    break;
                case "remove":
                    channel.DelChannel();
                    break;
                case "move":
                    channel.AddChannel(other);
                    break;
                case "shutdown":
                    channel.ShutdownSend();
                    break;
                case "more":
                    channel.Send("and"u8);
                    channel.Send("on"u8);
                    expected += "andon";
                    break;
                case "flush":
                    channel.Flush();
                    break;
                case "large":
                    string large = new('l', 50_000);
                    Assert.Equal(large.Length, channel.Send(Encoding.ASCII.GetBytes(large)));
                    expected += large;
                    break;
                case "socket":
                    Assert.NotNull(channel.Socket);
                    break;
                case "pause":
                    channel.PauseReading();
                    break;
                case "exit":
                    throw new ExitNowException();
            }
        }
    }

    // 12. A reset drops what has not left, as it says, and the peer sees it. The loop goes on.
    [Fact]
    public void Abort_before_the_batch_leaves_resets()
    {
        using EventLoop loop = Ring.Create();
        using IDisposable reason = loop.KeepAlive();
        List<(Recorder Channel, Socket Peer)> all = loop.Connect(2, accepted => new Recorder(accepted));
        (Recorder channel, Socket peer) = all[0];
        (Recorder sound, Socket other) = all[1];
        channel.OnRead = () =>
        {
            channel.Recv(new byte[10]);
            channel.Send("dropped"u8);
            sound.Send("kept"u8);
            loop.Post(() =>
            {
                Assert.True(loop.HasBatch());
                channel.Abort();
                loop.Stop();
            });
        };
        peer.Send("x"u8);
        loop.RunUntilStopped();
        Assert.Equal("kept"u8.ToArray(), other.ReadExactly(4));
        Assert.Equal(SocketError.ConnectionReset, peer.ReadToError());
        peer.Dispose();
        other.Dispose();
    }

    // 12. The conversation ends when its last answer has left.
    [Fact]
    public void CloseWhenDone_before_the_batch_leaves_waits_for_it()
    {
        using EventLoop loop = Ring.Create();
        (Answering chat, Socket peer) = loop.Connect(1, accepted => new Answering(accepted))[0];
        using Socket _ = peer;
        peer.Send("question\n"u8);
        loop.RunUntilStopped();
        loop.RunUntil(() => !chat.Connected);
        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer\nlast\n", Encoding.ASCII.GetString(peer.ReadToEnd()));
    }

    // 12. The peer is gone when the batch leaves: the channel is told once, and the others of the batch are served.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reset_before_the_batch_leaves_is_told_once(bool inBetween)
    {
        using EventLoop loop = Ring.Create();
        using IDisposable reason = loop.KeepAlive();
        List<(Recorder Channel, Socket Peer)> all = loop.Connect(2, accepted => new Recorder(accepted));
        (Recorder channel, Socket peer) = all[0];
        (Recorder sound, Socket other) = all[1];
        using Socket _ = other;
        channel.OnRead = () =>
        {
            if (channel.Recv(new byte[10]) == 0)
            {
                return;
            }

            channel.Send("nobody"u8);
            sound.Send("kept"u8);
            if (!inBetween)
            {
                Reset();
            }
            else
            {
                loop.Post(Reset);
            }
        };
        channel.OnClose = () =>
        {
            channel.Close();
            loop.Stop();
        };
        peer.Send("x"u8);
        loop.RunUntilStopped();
        loop.Passes(3);
        Assert.Single(channel.Events, "close");
        Assert.DoesNotContain("error", channel.Events);
        Assert.Equal("kept"u8.ToArray(), other.ReadExactly(4));
        loop.AssertBuffersBack();

        void Reset()
        {
            peer.ResetOnClose();
            peer.Dispose();
        }
    }

    // 12. What the peer does not take of a batch stays, and leaves when there is room.
    [Theory]
    [InlineData(4000)]
    [InlineData(7000)]
    public void Short_sends_lose_nothing(int size)
    {
        using EventLoop loop = Ring.Create();
        List<(Recorder Channel, Socket Peer)> all = loop.Connect(3, accepted =>
        {
            accepted.SetOption(SocketOptionLevel.Socket, SocketOptionName.SendBuffer, 16 * 1024);
            return new Recorder(accepted);
        });
        byte[] pattern = Sockets.Pattern(30_000_000);
        int[] sent = new int[all.Count];
        bool[] full = new bool[all.Count];
        loop.RunUntil(() =>
        {
            for (int i = 0; i < all.Count; i++)
            {
                int taken = full[i] ? 0 : all[i].Channel.Send(pattern.AsSpan(sent[i], size));
                full[i] |= taken < size;
                sent[i] += taken;
            }

            return full.All(each => each);
        });
        Companion reader = Companion.Start(() =>
        {
            for (int i = 0; i < all.Count; i++)
            {
                Assert.True(pattern.AsSpan(0, sent[i]).SequenceEqual(all[i].Peer.ReadExactly(sent[i])));
            }
        });
        reader.Join(loop);
        all.ForEach(each => each.Channel.Close());
        all.ForEach(each => Assert.Empty(each.Peer.ReadToEnd()));
        all.ForEach(each => each.Peer.Dispose());
        loop.AssertBuffersBack();
    }

    public static TheoryData<string> Origins =>
        ["outside", "post", "timer", "readable", "handler", "stop", "exit", "exit handler", "two"];

    // 12. Wherever it was sent, it has left when the loop returns, though there may be no next pass.
    [Theory, MemberData(nameof(Origins))]
    public void A_send_has_left_when_the_loop_returns(string origin)
    {
        using EventLoop loop = Ring.Create();
        using IDisposable reason = loop.KeepAlive();
        (Chooser channel, Socket peer) = loop.Connect(1, accepted => new Chooser(accepted))[0];
        using Socket _ = peer;
        bool sent = false;
        string expected = origin == "two" ? "leavesleaves" : "leaves";
        switch (origin)
        {
            case "outside":
            case "two":
                Send();
                break;
            case "post":
                loop.Post(Send);
                break;
            case "stop":
                loop.Post(() =>
                {
                    Send();
                    loop.Stop();
                });
                break;
            case "exit":
                loop.Post(() =>
                {
                    Send();
                    throw new ExitNowException();
                });
                break;
            case "timer":
                loop.CallLater(TimeSpan.Zero, Send);
                break;
            case "readable":
                channel.Reads = () =>
                {
                    if (!sent)
                    {
                        Send();
                    }

                    return true;
                };
                break;
            default:
                channel.OnRead = () =>
                {
                    channel.Recv(new byte[10]);
                    Send();
                    if (origin == "exit handler")
                    {
                        throw new ExitNowException();
                    }
                };
                peer.Deliver(channel, "x");
                break;
        }

        try
        {
            if (origin is "handler" or "exit handler")
            {
                loop.RunUntil(() => sent);
            }
            else
            {
                loop.RunOnce(TimeSpan.Zero);
            }
        }
        catch (ExitNowException)
        {
        }

        Assert.Equal(expected, Encoding.ASCII.GetString(peer.ReadExactly(expected.Length)));
        channel.Close();
        Assert.Empty(peer.ReadToEnd());

        void Send()
        {
            sent = true;
            channel.Send("leaves"u8);
            if (origin == "two")
            {
                channel.Send("leaves"u8);
            }
        }
    }

    // 4. The queue takes 1024 requests; what is beyond it goes to the kernel before the end of the pass.
    [Collection(nameof(Alone))]
    public class ManyTests
    {
        private const int Count = 1100;

        [Fact]
        public void More_sends_and_receives_than_the_queue_takes_in_one_pass()
        {
            using EventLoop loop = Ring.Create();
            List<(Recorder Channel, Socket Peer)> all = loop.Connect(Count, accepted => new Recorder(accepted));
            for (int round = 0; round < 2; round++)
            {
                // Sent from a posted callback: all are in one batch.
                loop.Post(() =>
                {
                    for (int i = 0; i < Count; i++)
                    {
                        all[i].Channel.Send(BitConverter.GetBytes(i));
                    }
                });
                loop.RunOnce(TimeSpan.Zero);
                for (int i = 0; i < Count; i++)
                {
                    Assert.Equal(i, BitConverter.ToInt32(all[i].Peer.ReadExactly(4)));
                }

                // Disarmed in one pass, and armed in one.
                loop.Post(() => all.ForEach(each => each.Channel.PauseReading()));
                loop.Passes(2);
                loop.Post(() => all.ForEach(each => each.Channel.ResumeReading()));
                loop.Passes(1);
                for (int i = 0; i < Count; i++)
                {
                    all[i].Peer.Send(BitConverter.GetBytes(i));
                }

                loop.RunUntil(() => all.TrueForAll(each => each.Channel.Received.Count == 4));
                for (int i = 0; i < Count; i++)
                {
                    Assert.Equal(i, BitConverter.ToInt32([.. all[i].Channel.Received]));
                    all[i].Channel.Received.Clear();
                }
            }

            loop.AssertBuffersBack();

            // And all of them closed in one pass, with something to say.
            loop.Post(() => all.ForEach(each =>
            {
                each.Channel.Send("end"u8);
                each.Channel.Close();
            }));
            loop.Passes(1);
            all.ForEach(each => Assert.Equal("end"u8.ToArray(), each.Peer.ReadToEnd()));
            all.ForEach(each => each.Peer.Dispose());
        }
    }

    // Hung up while nobody reads: the channel leaves the poller for the time being, with a send of its own in the batch.
    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.Unix)]
    public void A_send_of_a_paused_channel_that_hangs_up_does_no_harm(AddressFamily family)
    {
        using EventLoop loop = Ring.Create();
        using IDisposable reason = loop.KeepAlive();
        List<(Recorder Channel, Socket Peer)> all = loop.Connect(2, accepted => new Recorder(accepted), family);
        (Recorder paused, Socket gone) = all[0];
        (Recorder sound, Socket other) = all[1];
        using Socket _ = other;
        paused.OnRead = paused.PauseReading;
        gone.Send("unread"u8);
        loop.RunUntil(() => paused.Events.Count > 0);
        loop.Passes(3);
        paused.OnRead = null;

        gone.ResetOnClose();
        gone.Dispose();
        Descriptors.WaitHungUp(paused.FileDescriptor);
        sound.OnRead = () =>
        {
            sound.Recv(new byte[10]);
            paused.Send("nobody"u8);
            loop.Post(() => loop.Post(() => loop.Post(loop.Stop)));
        };
        other.Send("x"u8);
        loop.RunUntilStopped();
        loop.AssertIdle();

        paused.ResumeReading();
        loop.RunUntil(() => paused.Events.Contains("close"));
        Assert.Equal("unread", paused.Text());
        Assert.Single(paused.Events, "close");
        Assert.DoesNotContain("error", paused.Events);
        Assert.Empty(paused.Logged);
        sound.Send("sound"u8);
        loop.Passes(1);
        Assert.Equal("sound"u8.ToArray(), other.ReadExactly(5));
    }

    private sealed class Answering : AsyncChat
    {
        public Answering(AcceptedChannel accepted)
            : base(accepted) => SetTerminator("\n");

        protected override void FoundTerminator()
        {
            Push("answer\n");
            Loop.Post(() =>
            {
                Assert.True(Loop.HasBatch());
                Push("last\n");
                CloseWhenDone();
                Loop.Stop();
            });
        }
    }
}
