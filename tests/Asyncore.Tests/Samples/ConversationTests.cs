using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

/// <summary>What docs/conversations.md shows is what ConversationExamples.cs has, and that works.</summary>
public class ConversationTests
{
    private const string Guide = "docs/conversations.md";
    private const string Examples = "tests/Asyncore.Tests/Samples/ConversationExamples.cs";

    [Fact]
    public void TheGuideShowsTheExamplesAsTheyAre()
    {
        Assert.Equal(4, GuideText.AssertSame(Guide, Examples));
    }

    [Fact]
    public void Lines()
    {
        Serve(accepted => new Shout(accepted), client =>
        {
            client.Send("hello\r\ngr"u8);
            Assert.Equal("HELLO\r\n", Text(client.ReadExactly(7)));
            client.Send("öße\nbye\r\n"u8);
            Assert.Equal("GRÖßE\r\nBYE\r\n", Text(client.ReadToEnd()));
        });
    }

    [Fact]
    public void FramesOfAnySize()
    {
        Serve(accepted => new Frames(accepted), client =>
        {
            byte[] frame = Sockets.Pattern(300_000);
            byte[] header = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(header, frame.Length);
            byte[] stream = [.. header, .. frame, 0, 0, 0, 1, 7];
            Companion sender = Companion.Start(() => client.Send(stream));
            Assert.Equal(stream, client.ReadExactly(stream.Length));
            sender.Join();
            client.Send([255, 255, 255, 255]);
            Assert.Equal(SocketError.ConnectionReset, client.ReadToError());
        });
    }

    [Fact]
    public void AFileAfterALine()
    {
        string folder = Directory.CreateTempSubdirectory("asyncore-").FullName;
        byte[] all = Sockets.Pattern(2_000_000);
        File.WriteAllBytes(Path.Combine(folder, "data"), all);
        Serve(accepted => new SendFile(accepted, folder), client =>
        {
            client.Send("get nothing\nget data\n"u8);
            Assert.Equal("no\r\n2000000 bytes follow\r\n", Text(client.ReadExactly(26)));
            Assert.Equal(all, client.ReadToEnd());
        });
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void AClientThatDoesNotReadIsNotRead()
    {
        Serve(accepted => new Patient(accepted), client =>
        {
            const int Commands = 2000;
            client.Send(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("more\n", Commands))));
            byte[] all = client.ReadExactly(Commands * 8002);
            Assert.Equal(Commands * 8002, all.Length);
        });
    }

    private static void Serve(Func<AcceptedChannel, Dispatcher> make, Action<Socket> talk)
    {
        using var loop = new EventLoop();
        var listener = new Recorder(loop: loop);
        listener.OnAccepted = accepted => _ = make(accepted);
        listener.ListenOn(AddressFamily.InterNetwork);
        Companion client = Companion.Start(() =>
        {
            using Socket socket = Sockets.Dial(listener.Address!);
            talk(socket);
        });
        client.Join(loop);
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
