using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

public class EchoSampleTests
{
    [Theory]
    [InlineData("EchoAccept")]
    [InlineData("EchoAccepted")]
    public void EveryClientGetsItsBytesBack(string sample)
    {
        using var program = ChildProgram.Start(sample, "127.0.0.1:0");
        IPEndPoint address = program.ReadAddress();
        using Socket first = Sockets.Dial(address);
        Assert.Equal($"Incoming connection from {first.LocalEndPoint}", program.ReadLine());
        using Socket second = Sockets.Dial(address);
        Assert.Equal($"Incoming connection from {second.LocalEndPoint}", program.ReadLine());

        byte[] data = Sockets.Pattern(100_000);
        foreach (Socket client in new[] { second, first, second })
        {
            client.Send(data);
            Assert.Equal(data, client.ReadExactly(data.Length));
        }

        Assert.Empty(program.Stop());
        Assert.Empty(first.ReadToEnd());
    }
}
