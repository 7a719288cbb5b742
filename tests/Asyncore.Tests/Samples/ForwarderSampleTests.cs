using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

public class ForwarderSampleTests
{
    [Fact]
    public void BytesGoBothWays()
    {
        using Socket remote = Sockets.Listen(AddressFamily.InterNetwork);
        using ChildProgram program = Start(remote);
        using Socket client = Sockets.Dial(program.ReadAddress());
        byte[] question = Sockets.Pattern(50_000);
        byte[] answer = [.. question.Reverse()];
        client.Send(question);
        using Socket server = remote.AcceptSoon();
        Assert.Equal(question, server.ReadExactly(question.Length));
        server.Send(answer);
        Assert.Equal(answer, client.ReadExactly(answer.Length));
        Assert.Empty(program.Stop());
    }

    [Fact]
    public void AServerThatSendsMuchAndClosesIsReceivedWhole()
    {
        byte[] data = Sockets.Pattern(8_000_000);
        using Socket remote = Sockets.Listen(AddressFamily.InterNetwork);
        using ChildProgram program = Start(remote);
        using Socket client = Sockets.Dial(program.ReadAddress());
        var server = Companion.Start(() =>
        {
            using Socket connection = remote.AcceptSoon();
            connection.Send(data);
        });
        Assert.Equal(data, client.ReadToEnd());
        server.Join();
        Assert.Empty(program.Stop());
    }

    [Fact]
    public void AClientThatSendsMuchAndClosesIsReceivedWhole()
    {
        byte[] data = Sockets.Pattern(8_000_000);
        using Socket remote = Sockets.Listen(AddressFamily.InterNetwork);
        using ChildProgram program = Start(remote);
        using Socket client = Sockets.Dial(program.ReadAddress());
        var sending = Companion.Start(() =>
        {
            client.Send(data);
            client.Dispose();
        });
        using Socket server = remote.AcceptSoon();
        Assert.Equal(data, server.ReadToEnd());
        sending.Join();
        Assert.Empty(program.Stop());
    }

    [Fact]
    public void AServerThatRefusesCostsItsClientAndOneLine()
    {
        using Socket remote = Sockets.Bound(AddressFamily.InterNetwork);
        using ChildProgram program = Start(remote);
        using Socket client = Sockets.Dial(program.ReadAddress());
        Assert.Empty(client.ReadToEnd());
        Assert.Equal("log: cannot connect: Connection refused\n", program.Stop());
    }

    private static ChildProgram Start(Socket remote) =>
        ChildProgram.Start("PortForwarder", remote.LocalEndPoint!.ToString()!, "127.0.0.1:0");
}
