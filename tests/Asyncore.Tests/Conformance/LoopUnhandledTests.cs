using System.Net.Sockets;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>Exceptions that belong to no channel (L8), and closing everything in spite of them (L15).</summary>
public class LoopUnhandledTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L8_AnExceptionFromATimerOrPostRaisesUnhandledError(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var told = new List<string>();
        int thread = 0;
        loop.UnhandledError += error =>
        {
            told.Add(error.Message);
            thread = Environment.CurrentManagedThreadId;
        };
        loop.CallLater(TimeSpan.Zero, () => throw new InvalidDataException("timer"));
        loop.CallLater(TimeSpan.Zero, () => told.Add("the next timer"));
        loop.Post(() => throw new InvalidDataException("post"));
        loop.Post(() => told.Add("the next post"));

        loop.Run();

        Assert.Equal(["timer", "the next timer", "post", "the next post"], told);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L8_ATimerThatRepeatsSurvivesItsException(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        int told = 0;
        loop.UnhandledError += _ => told++;
        loop.CallEvery(TimeSpan.FromSeconds(1), () => throw new InvalidDataException());

        for (int i = 1; i <= 3; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            loop.Passes(1);
            Assert.Equal(i, told);
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L8_WhereNobodySubscribesItIsLogged(IoBackendKind kind)
    {
        var errors = new List<string>();
        using EventLoop loop = TestLoop.Create(new EventLoopOptions { Backend = kind, LoggerFactory = new LogTo(LogLevel.Error, errors) });
        bool ran = false;
        loop.CallLater(TimeSpan.Zero, () => throw new InvalidDataException("the timer's"));
        loop.Post(() => throw new InvalidDataException("the post's"));
        loop.Post(() => ran = true);

        loop.Run();

        Assert.True(ran);
        Assert.Equal(2, errors.Count);
        Assert.Contains("the timer's", errors[0]);
        Assert.Contains("the post's", errors[1]);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L8_ASubscriberThatThrowsStopsNothingEither(IoBackendKind kind)
    {
        var errors = new List<string>();
        using EventLoop loop = TestLoop.Create(new EventLoopOptions { Backend = kind, LoggerFactory = new LogTo(LogLevel.Error, errors) });
        bool ran = false;
        loop.UnhandledError += _ => throw new InvalidDataException("the subscriber's");
        loop.Post(() => throw new InvalidDataException("the post's"));
        loop.Post(() => ran = true);

        loop.Run();

        Assert.True(ran);
        Assert.Contains("the subscriber's", Assert.Single(errors));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L15_CloseAllClosesEveryChannelEvenWhereOneThrows(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (List<Refusing> channels, List<FarEnd> peers) = Fill(loop, family);
        TimerHandle timer = loop.CallLater(TimeSpan.FromHours(1), () => { });
        channels[1].Refusal = new InvalidDataException("one");
        channels[3].Refusal = new InvalidOperationException("three");

        Exception error = Assert.ThrowsAny<Exception>(() => loop.CloseAll());

        Assert.Contains(error, channels.Select(channel => channel.Refusal)); // of two, the one that came first
        Assert.All(channels, channel => Assert.Equal(-1, channel.FileDescriptor));
        Assert.Empty(loop.Channels);
        Assert.True(timer.IsCancelled);
        Assert.False(loop.RunOnce(TimeSpan.Zero));
        Assert.All(peers, peer => Assert.Equal(0, peer.Receive(new byte[1])));
        Assert.All(channels, channel => Assert.Empty(channel.Events));
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L15_IgnoringAllItThrowsNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (List<Refusing> channels, List<FarEnd> peers) = Fill(loop, family);
        channels[0].Refusal = new InvalidDataException();
        channels[2].Refusal = new IOException();

        loop.CloseAll(ignoreAll: true);

        Assert.All(channels, channel => Assert.Equal(-1, channel.FileDescriptor));
        Assert.Empty(loop.Channels);
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L15_TheFirstExceptionIsTheOneThrown(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (List<Refusing> channels, List<FarEnd> peers) = Fill(loop, AddressFamily.Unix);
        int order = 0;
        channels.ForEach(channel => channel.OnClosing = () => throw new InvalidDataException($"{++order}"));

        Assert.Equal("1", Assert.Throws<InvalidDataException>(() => loop.CloseAll()).Message);

        Assert.Equal(channels.Count, order);
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L15_ExitNowExceptionComesOutWhateverIsIgnored(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (List<Refusing> channels, List<FarEnd> peers) = Fill(loop, AddressFamily.Unix);
        channels[1].Refusal = new ExitNowException();

        Assert.Throws<ExitNowException>(() => loop.CloseAll(ignoreAll: true));

        Assert.Empty(loop.Channels);
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L15_CloseAllInsideAHandlerEndsTheRun(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (List<Refusing> channels, List<FarEnd> peers) = Fill(loop, AddressFamily.InterNetwork);
        loop.CallEvery(TimeSpan.FromHours(1), () => { });
        for (int i = 0; i < channels.Count; i++)
        {
            peers[i].Deliver(channels[i], "x");
            channels[i].OnRead = () => loop.CloseAll();
        }

        loop.Run();

        Assert.Equal(["read"], channels.SelectMany(channel => channel.Events));
        peers.ForEach(peer => peer.Dispose());
    }

    private static (List<Refusing> Channels, List<FarEnd> Peers) Fill(EventLoop loop, AddressFamily family)
    {
        var channels = new List<Refusing>();
        var peers = new List<FarEnd>();
        for (int i = 0; i < 5; i++)
        {
            (Refusing channel, FarEnd peer) = loop.Join(
                family, (socket, owner) => new Refusing(socket, owner), accepted => new Refusing(accepted));
            channels.Add(channel);
            peers.Add(peer);
        }

        return (channels, peers);
    }

    private sealed class Refusing : Recorder
    {
        public Refusing(Socket socket, EventLoop loop)
            : base(socket, loop)
        {
        }

        public Refusing(AcceptedChannel accepted)
            : base(accepted)
        {
        }

        public Exception? Refusal { get; set; }

        public Action? OnClosing { get; set; }

        public override void Close()
        {
            OnClosing?.Invoke();
            if (Refusal is not null)
            {
                throw Refusal;
            }

            base.Close();
        }
    }
}
