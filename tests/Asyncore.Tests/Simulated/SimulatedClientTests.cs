using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Testing;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>A scripted peer does what its script says, and lets nothing pass that it does not.</summary>
public class SimulatedClientTests
{
    private const int Port = 7;

    private static readonly DnsEndPoint _server = new("server", Port);

    [Fact]
    public void What_is_said_before_the_connection_is_made_is_done_when_it_is()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
        SimulatedClient client = network.Connect(_server);
        client.Send("hi");
        client.Close();
        SimulatedClient server = listener.Accept();
        server.Expect("hi");
        server.ExpectEnd();
    }

    [Fact]
    public void A_close_drops_nothing_of_what_was_sent()
    {
        const int Much = 1_000_000;

        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
        SimulatedClient client = network.Connect(_server).ExpectConnected();
        SimulatedClient server = listener.Accept();
        byte[] all = Sockets.Pattern(Much);
        client.Send(all);
        client.Close();
        Assert.Equal(all, server.TakeToEnd());
    }

    [Fact]
    public void Nobody_says_anything_behind_his_own_end()
    {
        using var network = new SimulatedNetwork();
        using var server = new EchoServer(new IPEndPoint(IPAddress.Any, Port), network.CreateLoop());
        SimulatedClient client = network.Connect(_server);
        client.End();
        Assert.Throws<InvalidOperationException>(() => client.Send("x"));
        client.ExpectEnd();
    }

    [Fact]
    public void A_connection_that_was_never_made_is_no_reset()
    {
        using var network = new SimulatedNetwork();
        network.Host("server");
        Assert.Contains(
            "no connection", Assert.Throws<SimulationException>(network.Connect(_server).ExpectReset).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reset_may_come_behind_an_end_that_was_expected()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
        SimulatedClient client = network.Connect(_server).ExpectConnected();
        SimulatedClient server = listener.Accept();
        server.End();
        Assert.Contains(
            "in order", Assert.Throws<SimulationException>(client.ExpectReset).Message, StringComparison.Ordinal);
        client.ExpectEnd();
        server.Reset();
        client.ExpectReset();
    }

    [Fact]
    public void Text_is_Latin_1_and_nothing_else()
    {
        using var network = new SimulatedNetwork();
        SimulatedClient client = network.Connect(_server);
        Assert.Contains("'€'", Assert.Throws<ArgumentException>(() => client.Send("10 €")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => client.Expect("10 €"));
        Assert.Throws<ArgumentOutOfRangeException>(() => client.Take(-1));
    }

    [Theory]
    [InlineData("a\r\n", "a")]
    [InlineData("a\n", "a")]
    [InlineData("\n", "")]
    [InlineData("a\r\r\n", "a\r")]
    public void A_line_ends_with_one_line_end(string sent, string line)
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
        SimulatedClient client = network.Connect(_server);
        client.Send(sent);
        Assert.Equal(line, listener.Accept().ExpectLine());
    }

    [Fact]
    public void What_came_instead_is_said()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
        SimulatedClient client = network.Connect(_server);
        SimulatedClient server = listener.Accept();
        server.Send("no\r\n");
        foreach (Action wrong in new Action[]
        {
            () => client.Expect("bye bye\r\n"), () => client.Expect("ok\r\n"), () => client.TakeToEnd(), client.ExpectReset,
        })
        {
            string message = Assert.Throws<SimulationException>(wrong).Message;
            Assert.Contains("no\\r\\n", message, StringComparison.Ordinal);
            client.Dispose();
            client = network.Connect(_server);
            server = listener.Accept();
            server.Send("no\r\n");
        }
    }
}
