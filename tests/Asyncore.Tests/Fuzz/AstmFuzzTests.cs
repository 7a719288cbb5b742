using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>Peers of the sample AstmLink's receiver that never end: nothing of them is kept.</summary>
public class AstmFuzzTests
{
    private const int MaxText = AstmTarget.MaxText;
    private const int MaxMessage = AstmTarget.MaxMessage;

    [Fact]
    public void TheCorpusIsUnderstood()
    {
        using var target = new AstmTarget();
        int messages = target.Corpus.Sum(input => target.Check(input, new Random(0)));
        Assert.InRange(messages, 10, 100); // a model that takes nothing would agree with everything
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("<ENQ>", "x")]
    [InlineData("<ENQ>", "<CR>")]
    [InlineData("<ENQ><STX>1", "x")]
    [InlineData("<ENQ><STX>1", "<STX>1x<ETX>AC")]
    public void AStreamWithoutAnEndTakesNoMemory(string before, string again)
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll, MaxText, MaxMessage);
        scene.Receiver.Pull(AstmText.Bytes(before));
        byte[] piece = [.. Enumerable.Repeat(AstmText.Bytes(again), 10_000).SelectMany(each => each)];
        for (int i = 0; i < 100; i++)
        {
            scene.Receiver.Pull(piece);
            Assert.InRange(scene.Receiver.PeekData().Length, 0, MaxText + AstmFrame.Overhead + 1);
        }

        Assert.Empty(scene.Stored);
    }

    [Theory]
    [InlineData("<ENQ>")]
    [InlineData("<CR><LF>")]
    public void APeerThatDoesNotListenIsLeft(string again)
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll, MaxText, MaxMessage);
        scene.Receiver.Pull(AstmText.Bytes("<ENQ>"));
        byte[] piece = [.. Enumerable.Repeat(AstmText.Bytes(again), 10_000).SelectMany(each => each)];
        for (int i = 0; i < 1000 && scene.Loop.Channels.Count > 0; i++)
        {
            scene.Receiver.Pull(piece);
            Assert.InRange(scene.Receiver.OutBufferLength, 0, scene.Receiver.OutBufferLimit);
            scene.Loop.Passes(1);
        }

        Assert.IsType<IOException>(scene.Receiver.CloseReason);
    }
}
