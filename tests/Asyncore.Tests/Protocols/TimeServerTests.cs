using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Protocols;

public class TimeServerTests
{
    [Theory]
    [InlineData("1970-01-01T00:00:00Z", 2_208_988_800)] // these four are RFC 868's own
    [InlineData("1976-01-01T00:00:00Z", 2_398_291_200)]
    [InlineData("1980-01-01T00:00:00Z", 2_524_521_600)]
    [InlineData("1983-05-01T00:00:00Z", 2_629_584_000)]
    [InlineData("2036-02-07T06:28:15.999Z", uint.MaxValue)]
    [InlineData("2036-02-07T06:28:16Z", 0)]
    public void The_four_bytes_are_the_seconds_since_1900(string moment, uint expected)
    {
        var clock = new FakeClock { TimeOfDay = DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture) };
        using EventLoop loop = TestLoop.Create(IoBackendKind.Epoll, clock);
        var server = new TimeServer(Backends.AnyAddress(AddressFamily.InterNetwork), loop);
        using Socket client = Sockets.Dial(server.Address!);
        Companion.Start(() =>
        {
            byte[] bytes = client.ReadToEnd();
            Assert.Equal(4, bytes.Length);
            Assert.Equal(expected, BinaryPrimitives.ReadUInt32BigEndian(bytes));
        }).Join(loop);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void The_server_speaks_first_and_ends_with_its_client(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using var server = new TimeServer(Backends.AnyAddress(family), loop);
        using Socket client = Sockets.Dial(server.Address!);
        Companion.Start(() => Assert.Equal(4, client.ReadToEnd().Length)).Join(loop);
        client.Shutdown(SocketShutdown.Send);
        loop.RunUntil(() => loop.Channels.Count == 1, "the end of the connection");
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_client_that_talks_gets_the_time_and_no_reset(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var server = new TimeServer(Backends.AnyAddress(AddressFamily.InterNetwork), loop);
        using Socket client = Sockets.Dial(server.Address!);
        client.Send(new byte[10_000]);
        Companion.Start(() =>
        {
            client.Send("what time is it?"u8);
            Assert.Equal(4, client.ReadToEnd().Length);
        }).Join(loop);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_client_that_never_ends_is_closed_after_a_while(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        var server = new TimeServer(Backends.AnyAddress(AddressFamily.InterNetwork), loop);
        using Socket client = Sockets.Dial(server.Address!);
        loop.RunUntil(() => loop.Channels.Count == 2, "the connection");
        loop.Passes(3);
        Assert.Equal(2, loop.Channels.Count);
        clock.Advance(TimeSpan.FromSeconds(30));
        loop.RunUntil(() => loop.Channels.Count == 1, "the end of the connection");
    }
}
