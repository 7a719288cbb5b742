using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

/// <summary>One end of a link and a test at the other, on a clock that the test moves.</summary>
internal abstract class AstmScene : IDisposable
{
    private readonly FakeClock _clock = new();

    protected AstmScene(IoBackendKind kind) => Loop = TestLoop.Create(kind, _clock);

    public EventLoop Loop { get; }

    protected abstract AstmChat Chat { get; }

    protected Socket? Peer { get; set; }

    /// <summary>Says something, and has it heard.</summary>
    /// <returns>What our end says to that, as <see cref="AstmText"/> shows it.</returns>
    public string Say(string text) => Say(AstmText.Bytes(text));

    public string Say(ReadOnlySpan<byte> bytes)
    {
        Peer!.Send(bytes);
        Kernel.Await(Chat.FileDescriptor, Kernel.In);
        return Hear();
    }

    /// <summary>Moves the clock, and has our end notice.</summary>
    /// <returns>What our end says to that.</returns>
    public string Pass(double seconds)
    {
        PassUnheard(seconds);
        return Hear();
    }

    /// <summary>The same, and what our end says to that is not read.</summary>
    public void PassUnheard(double seconds)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        Loop.Passes(3);
    }

    /// <summary>Says something, and has it heard; what our end says to that is not read.</summary>
    public void SayUnheard(string text)
    {
        Peer!.Send(AstmText.Bytes(text));
        Kernel.Await(Chat.FileDescriptor, Kernel.In);
        Loop.Passes(3);
    }

    /// <summary>What our end has said since; what it sends through a Unix socket is here at once.</summary>
    public string Hear()
    {
        Loop.Passes(3);
        byte[] buffer = new byte[Peer!.Available];
        return AstmText.Show(Peer.ReadExactly(buffer.Length));
    }

    /// <summary>Ends the connection, as a peer does that has died.</summary>
    public void HangUp()
    {
        Peer!.Shutdown(SocketShutdown.Send);
        Kernel.Await(Chat.FileDescriptor, Kernel.In);
        Loop.Passes(3);
    }

    /// <summary>Whether our end has closed the connection, with nothing more to say.</summary>
    public void AssertClosed()
    {
        Assert.True(Peer!.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead), "the connection is open");
        Assert.Empty(Peer.ReadToEnd());
    }

    public void Dispose()
    {
        Peer?.Dispose();
        Loop.Dispose();
    }
}

/// <summary>A receiver, and the test as its sender.</summary>
internal sealed class AstmReceiverScene : AstmScene
{
    public AstmReceiverScene(
        IoBackendKind kind, int maxText = Astm.MaxText, int maxMessage = 1000)
        : base(kind)
    {
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.Unix);
        Receiver = new AstmReceiver(ours, Store, maxText, Loop) { MaxMessage = maxMessage, IgnoreLogTypes = ["info"] };
        Peer = peer;
    }

    public AstmReceiver Receiver { get; }

    /// <summary>The messages, as they were stored.</summary>
    public List<string> Stored { get; } = [];

    /// <summary>What storing throws.</summary>
    public Exception? Trouble { get; set; }

    protected override AstmChat Chat => Receiver;

    private void Store(byte[] message)
    {
        if (Trouble is not null)
        {
            throw Trouble;
        }

        Stored.Add(AstmText.Show(message));
    }
}

/// <summary>A sender that has just connected, and the test as its receiver.</summary>
internal sealed class AstmSenderScene : AstmScene
{
    public AstmSenderScene(IoBackendKind kind, bool isHost, int maxText, params string[] messages)
        : base(kind)
    {
        using Socket listener = Sockets.Listen(AddressFamily.Unix);
        Sender = new AstmSender(messages.Select(AstmText.Bytes), maxText, Loop) { IsHost = isHost };
        Sender.CreateSocket(AddressFamily.Unix);
        Sender.Connect(listener.LocalEndPoint!);
        Peer = listener.AcceptSoon();
        Loop.Passes(3);
        File.Delete(listener.LocalEndPoint!.ToString()!);
    }

    public AstmSender Sender { get; }

    protected override AstmChat Chat => Sender;
}
