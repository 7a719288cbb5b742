using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Samples.AstmText;

namespace Asyncore.Tests.Samples;

public class AstmSenderTests
{
    private const string Enq = "<ENQ>";

    public static TheoryData<IoBackendKind> All => Backends.All;

    [Theory, MemberData(nameof(All))]
    public void MessagesAreCutIntoFramesAndSentOneByOne(IoBackendKind kind)
    {
        using AstmSenderScene scene = Begin(kind, "12345678", "", "123456789");
        Assert.Equal(Frame(1, "1234", last: false), scene.Say("<ACK>"));
        Assert.Equal(Frame(2, "5678"), scene.Say("<ACK>"));
        Assert.Equal(2, SentAfter(scene, "<ACK>", Frame(3, "")).Left);
        Assert.Equal(Frame(4, "1234", last: false), scene.Say("<ACK>"));
        Assert.Equal(Frame(5, "5678", last: false), scene.Say("<ACK>"));
        Assert.Equal(Frame(6, "9"), scene.Say("<ACK>"));
        Assert.Equal("<EOT>", scene.Say("<ACK>"));
        AssertEnded(scene, null, left: 0);
    }

    [Fact]
    public void NumbersGoRound()
    {
        using AstmSenderScene scene = Begin(IoBackendKind.Epoll, new string('x', 80));
        for (int i = 1; i <= 20; i++)
        {
            Assert.Equal(Frame(i % 8, "xxxx", last: i == 20), scene.Say("<ACK>"));
        }

        Assert.Equal("<EOT>", scene.Say("<ACK>"));
    }

    [Theory, MemberData(nameof(All))]
    public void NoReplyToEnqWithinFifteenSeconds(IoBackendKind kind)
    {
        using AstmSenderScene scene = Begin(kind, "a");
        Assert.Equal(string.Empty, scene.Pass(14.9));
        Assert.Equal(string.Empty, scene.Say("?")); // every byte begins the time anew
        Assert.Equal(string.Empty, scene.Pass(14.9));
        Assert.Equal("<EOT>", scene.Pass(0.1));
        AssertEnded(scene, "no reply to ENQ", left: 1);
    }

    [Theory, MemberData(nameof(All))]
    public void NoReplyToAFrameWithinFifteenSeconds(IoBackendKind kind)
    {
        using AstmSenderScene scene = Begin(kind, "a", "b");
        scene.Pass(14.9);
        Assert.Equal(Frame(1, "a"), scene.Say("<ACK>"));
        scene.Pass(14.9);
        Assert.Equal(Frame(2, "b"), scene.Say("<ACK>"));
        Assert.Equal(string.Empty, scene.Pass(14.9));
        Assert.Equal(string.Empty, scene.Say("?"));
        Assert.Equal(string.Empty, scene.Pass(14.9));
        Assert.Equal("<EOT>", scene.Pass(0.1));
        AssertEnded(scene, "no reply to frame 2", left: 1);
    }

    [Fact]
    public void AFrameIsSentAgainSixTimes()
    {
        using AstmSenderScene scene = Begin(IoBackendKind.Epoll, "abcdefgh");
        string first = Frame(1, "abcd", last: false);
        Assert.Equal(first, scene.Say("<ACK>"));
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(first, scene.Say("<NAK>"));
        }

        // Each frame has six of its own.
        string second = Frame(2, "efgh");
        Assert.Equal(second, scene.Say("<ACK>"));
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(second, scene.Say("<NAK>"));
        }

        Assert.Equal("<EOT>", scene.Say("<NAK>"));
        AssertEnded(scene, "frame 2 was refused 7 times", left: 1);
    }

    [Theory, MemberData(nameof(All))]
    public void ABusyReceiverIsAskedAgainAfterTenSeconds(IoBackendKind kind)
    {
        using AstmSenderScene scene = Begin(kind, "a");
        Assert.Equal(string.Empty, scene.Say("<NAK>"));
        Assert.Equal(string.Empty, scene.Pass(9.9));
        Assert.Equal(string.Empty, scene.Say("?")); // a time to rest is not made longer
        Assert.Equal(Enq, scene.Pass(0.1));
        Assert.Equal(Frame(1, "a"), scene.Say("<ACK>"));
    }

    [Fact]
    public void AReceiverThatIsAlwaysBusyIsGivenUp()
    {
        using AstmSenderScene scene = Begin(IoBackendKind.Epoll, "a");
        for (int i = 1; i < 10; i++)
        {
            Assert.Equal(string.Empty, scene.Say("<NAK>"));
            Assert.Equal(Enq, scene.Pass(10));
        }

        Assert.Equal(string.Empty, scene.Say("<NAK>"));
        AssertEnded(scene, "the receiver was not ready, 10 times", left: 1);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 20)]
    public void OnContentionTheInstrumentHasPriority(bool isHost, double seconds)
    {
        using var scene = new AstmSenderScene(IoBackendKind.Epoll, isHost, maxText: 4, "a");
        Assert.Equal(Enq, scene.Hear());
        Assert.Equal(string.Empty, scene.Say(Enq));
        Assert.Equal(string.Empty, scene.Pass(seconds / 2));
        Assert.Equal("<NAK>", scene.Say(Enq)); // it cannot receive, and says so
        Assert.Equal(string.Empty, scene.Pass((seconds / 2) - 0.1));
        Assert.Equal(Enq, scene.Pass(0.1));
        Assert.Equal(Frame(1, "a"), scene.Say("<ACK>"));
    }

    [Theory, MemberData(nameof(All))]
    public void AReceiverThatAsksForTheLineGetsItBetweenMessages(IoBackendKind kind)
    {
        using AstmSenderScene scene = Begin(kind, "12345678", "b", "c");
        Assert.Equal(Frame(1, "1234", last: false), scene.Say("<ACK>"));
        Assert.Equal(Frame(2, "5678"), scene.Say("<EOT>"));
        Assert.Equal("<EOT>", scene.Say("<ACK>"));
        Assert.Equal(2, scene.Sender.Left);
        Assert.Equal("<NAK>", scene.Say(Enq));
        Assert.Equal(string.Empty, scene.Pass(14.9));
        Assert.Equal(Enq, scene.Pass(0.1));
        Assert.Equal(Frame(1, "b"), scene.Say("<ACK>"));
        Assert.Equal(Frame(2, "c"), scene.Say("<ACK>"));
        Assert.Equal("<EOT>", scene.Say("<EOT>"));
        AssertEnded(scene, null, left: 0);
    }

    [Fact]
    public void AReplyBeforeTheFrameIsNoneToIt()
    {
        using AstmSenderScene scene = Begin(IoBackendKind.Epoll, "a", "b");
        Assert.Equal(Frame(1, "a"), scene.Say("<ACK><ACK><ACK>"));
        Assert.Equal(2, scene.Sender.Left);
        Assert.Equal(Frame(2, "b"), scene.Say("noise<ACK>"));
        Assert.Equal(Frame(2, "b"), scene.Say("<ENQ><NAK>"));
        Assert.Equal("<EOT>", scene.Say("<ACK>"));
        AssertEnded(scene, null, left: 0);
    }

    [Fact]
    public void APeerThatSaysSomethingElseIsGivenUp()
    {
        using AstmSenderScene scene = Begin(IoBackendKind.Epoll, "a");
        Assert.Equal(string.Empty, scene.Say(new string('?', 1023)));
        scene.Say("?");
        AssertEnded(scene, "More than 1023 bytes have come without a terminator.", left: 1);
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("<ACK>", 2)]
    [InlineData("<NAK>", 2)]
    public void APeerThatLeavesHasNotAcknowledged(string before, int left)
    {
        using AstmSenderScene scene = Begin(IoBackendKind.Epoll, "a", "b");
        if (before.Length > 0)
        {
            scene.Say(before);
        }

        scene.HangUp();
        AssertEnded(scene, "the peer has closed the connection", left);
    }

    [Theory, MemberData(nameof(All))]
    public void APeerThatDoesNotEvenReadIsLeft(IoBackendKind kind)
    {
        using var scene = new AstmSenderScene(kind, isHost: false, Astm.MaxTextOfLis1, new string('x', 60_000));
        Assert.Equal(Enq, scene.Hear());
        scene.Sender.Socket!.SendBufferSize = 1024;
        scene.SayUnheard("<ACK>");
        Assert.NotEqual(0, scene.Sender.OutBufferLength);
        scene.PassUnheard(15);
        Assert.Equal("no reply to frame 1", scene.Sender.Failure);
        Assert.Single(scene.Loop.Channels);
        scene.PassUnheard(15);
        Assert.False(scene.Loop.RunOnce(TimeSpan.Zero), "something is left in the loop");
    }

    [Theory, MemberData(nameof(All))]
    public void APeerThatDoesNotCloseIsLeft(IoBackendKind kind)
    {
        using AstmSenderScene scene = Begin(kind, "a");
        scene.Say("<ACK>");
        Assert.Equal("<EOT>", scene.Say("<ACK>"));
        AssertEnded(scene, null, left: 0);
        scene.Pass(scene.Sender.CloseTimeout.TotalSeconds);
        Assert.False(scene.Loop.RunOnce(TimeSpan.Zero), "something is left in the loop");
    }

    [Fact]
    public void NobodyListens()
    {
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        using EventLoop loop = TestLoop.Create(IoBackendKind.Epoll);
        var sender = new AstmSender(["a"u8.ToArray()], loop: loop);
        sender.CreateSocket();
        sender.Connect(nobody.LocalEndPoint!);
        loop.Run();
        Assert.Equal("no connection: Connection refused", sender.Failure);
        Assert.Equal(1, sender.Left);
    }

    private static AstmSenderScene Begin(IoBackendKind kind, params string[] messages)
    {
        var scene = new AstmSenderScene(kind, isHost: false, maxText: 4, messages);
        Assert.Equal(Enq, scene.Hear());
        return scene;
    }

    private static AstmSender SentAfter(AstmSenderScene scene, string reply, string frame)
    {
        Assert.Equal(frame, scene.Say(reply));
        return scene.Sender;
    }

    private static void AssertEnded(AstmSenderScene scene, string? why, int left)
    {
        scene.AssertClosed();
        Assert.True(scene.Sender.IsDone);
        Assert.Equal(why, scene.Sender.Failure);
        Assert.Equal(left, scene.Sender.Left);
    }
}
