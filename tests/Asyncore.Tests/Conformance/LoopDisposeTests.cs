using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>A loop that has been disposed, also in the middle of its own pass (L9).</summary>
public class LoopDisposeTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L9_AfterDisposePostThrows(IoBackendKind kind)
    {
        EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        TimerHandle timer = loop.CallLater(TimeSpan.Zero, () => Assert.Fail("after Dispose"));
        loop.Post(() => Assert.Fail("after Dispose"));

        loop.Dispose();
        loop.Dispose();

        Assert.Throws<ObjectDisposedException>(() => loop.Post(() => { }));
        Assert.Throws<ObjectDisposedException>(() => loop.CallLater(TimeSpan.Zero, () => { }));
        Assert.Throws<ObjectDisposedException>(() => loop.Run());
        Assert.Throws<ObjectDisposedException>(() => loop.RunOnce());
        Assert.Throws<ObjectDisposedException>(() => loop.Backend);
        Assert.Throws<ObjectDisposedException>(() => new Recorder(loop: loop).CreateSocket());
        loop.Stop(); // a signal may come at any time
        Assert.Equal(-1, channel.FileDescriptor);
        Assert.Equal(0, peer.Receive(new byte[1]));
        Assert.True(timer.IsCancelled);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L9_DisposeInsideAHandlerEndsTheRun(IoBackendKind kind)
    {
        foreach (string place in (string[])["read", "timer", "post", "readable"])
        {
            EventLoop loop = TestLoop.Create(kind);
            (Chooser channel, FarEnd peer) = loop.JoinChooser(AddressFamily.InterNetwork);
            using FarEnd owned = peer;
            peer.Deliver(channel, "x");
            loop.CallEvery(TimeSpan.FromTicks(1), () => DisposeAt("timer"));
            loop.Post(() => DisposeAt("post"));
            channel.OnRead = () => DisposeAt("read");
            channel.Reads = () => DisposeAt("readable");

            loop.Run();

            Assert.Throws<ObjectDisposedException>(() => loop.Post(() => { }));
            Assert.Equal(-1, channel.FileDescriptor);

            bool DisposeAt(string here)
            {
                if (here == place)
                {
                    loop.Dispose();
                }

                return true;
            }
        }
    }
}
