using System.Text;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>The sample AstmLink's receiver, whatever is said to it, against a model.</summary>
public class AstmFuzzTests
{
    // The input's seed is in the message of a test that fails; so many of them in every run.
    private const int Seeds = 3000;
    private const int MaxText = 40;
    private const int MaxMessage = 100;

    private static readonly byte[][] _corpus =
    [
        .. Directory.GetFiles(Repository.PathOf("tests/Asyncore.Tests/Fuzz/Corpus/Astm"))
            .Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
    ];

    [Fact]
    public void TheCorpusIsUnderstood()
    {
        Assert.NotEmpty(_corpus);
        int messages = 0;
        foreach (byte[] input in _corpus)
        {
            messages += Check(-1, input, new Random(0));
        }

        Assert.InRange(messages, 10, 100); // a model that takes nothing would agree with everything
    }

    [Fact]
    public void WhateverIsSaidTheReceiverDoesAsTheModel()
    {
        int messages = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            byte[] input = _corpus[random.Next(_corpus.Length)];
            messages += Check(seed, Mutator.Mutate(input, random, _corpus), random);
        }

        Assert.True(messages > Seeds / 4, $"only {messages} messages: the inputs are not worth much");
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

    private static int Check(int seed, byte[] input, Random random)
    {
        (string replies, List<string> messages) =
            AstmModel.Run(Encoding.Latin1.GetString(input), MaxText, MaxMessage);
        Compare(input.Length);
        Compare(random.Next(1, 10));
        return messages.Count;

        void Compare(int most)
        {
            using var scene = new AstmReceiverScene(IoBackendKind.Epoll, MaxText, MaxMessage);
            for (int done = 0, count; done < input.Length; done += count)
            {
                count = Math.Min(random.Next(1, Math.Max(most, 1) + 1), input.Length - done);
                scene.Receiver.Pull(input.AsSpan(done, count));
                Assert.InRange(scene.Receiver.PeekData().Length, 0, MaxText + AstmFrame.Overhead + 1);
            }

            Assert.Equal((seed, Shown(replies)), (seed, scene.Hear()));
            Assert.Equal((seed, string.Join('|', messages.Select(Shown))), (seed, string.Join('|', scene.Stored)));
        }

        static string Shown(string text) => AstmText.Show(Encoding.Latin1.GetBytes(text));
    }
}
