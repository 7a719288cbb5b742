using System.Net;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Options that a program makes are checked as those of a file are, and named.</summary>
public class OptionsCheckTests
{
    public static TheoryData<string, Func<ListenerOptions, ListenerOptions>> Wrong => new()
    {
        { "Listeners[0].Targets", options => options with { Targets = [] } },
        { "Listeners[0].Backlog", options => options with { Backlog = 0 } },
        { "Listeners[0].ConnectTimeout", options => options with { ConnectTimeout = TimeSpan.Zero } },
        { "Listeners[0].IdleTimeout", options => options with { IdleTimeout = TimeSpan.Zero } },
        { "Listeners[0].Lifetime", options => options with { Lifetime = TimeSpan.FromSeconds(-1) } },
        { "Listeners[0].ResolveEvery", options => options with { ResolveEvery = TimeSpan.Zero } },
        { "Listeners[0].RestFor", options => options with { RestFor = TimeSpan.Zero } },
        { "Listeners[0].ProxyHeaderTimeout", options => options with { ProxyHeaderTimeout = TimeSpan.Zero } },
        { "Listeners[0].MaxConnections", options => options with { MaxConnections = 0 } },
        { "Listeners[0].MaxConnectionsPerClient", options => options with { MaxConnectionsPerClient = -1 } },
        { "Listeners[0].Rate", options => options with { Rate = -1 } },
        { "Listeners[0].TotalRate", options => options with { TotalRate = 0 } },
        { "Listeners[0].HighWater", options => options with { HighWater = 0 } },
        { "Listeners[0].HighWater", options => options with { HighWater = 10, LowWater = 11 } },
        { "Listeners[0].LowWater", options => options with { LowWater = -1 } },
        { "Listeners[0].Targets[0].Weight", options => options with { Targets = [options.Targets[0] with { Weight = 0 }] } },
        { "Listeners[0].Targets[0].Weight", options => options with { Targets = [options.Targets[0] with { Weight = 1001 }] } },
        { "Listeners[0].FaultsToTarget.Delay", options => options with { FaultsToTarget = new FaultOptions { Jitter = TimeSpan.FromSeconds(1) } } },
        { "Listeners[0].FaultsToClient.Slice", options => options with { FaultsToClient = new FaultOptions { Slice = 0 } } },
        { "Listeners[0].FaultsToClient.Bandwidth", options => options with { FaultsToClient = new FaultOptions { Bandwidth = 0 } } },
        { "Listeners[0].FaultsToClient.CutAfter", options => options with { FaultsToClient = new FaultOptions { CutAfter = 0 } } },
    };

    [Theory, MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void What_cannot_be_is_refused_by_name_and_nothing_is_opened(string name, Func<ListenerOptions, ListenerOptions> spoil)
    {
        using EventLoop loop = new();
        var options = new ServiceOptions { Listeners = [spoil(Right(OwnPorts.Next(IPAddress.Loopback)))] };
        var error = Assert.ThrowsAny<ArgumentException>(() => new ForwardService(options, loop));
        Assert.StartsWith(name, error.Message, StringComparison.Ordinal);
        Assert.Empty(loop.Channels);
    }

    [Fact]
    public void Two_listeners_at_one_address_are_refused_before_the_system_says_so()
    {
        using EventLoop loop = new();
        ListenerOptions one = Right(OwnPorts.Next(IPAddress.Loopback));
        var error = Assert.ThrowsAny<ArgumentException>(
            () => new ForwardService(new ServiceOptions { Listeners = [one, one with { Name = "other" }] }, loop));
        Assert.StartsWith("Listeners[1].Listen is that of Listeners[0].", error.Message, StringComparison.Ordinal);
    }

    private static ListenerOptions Right(EndPoint listen) => new()
    {
        Listen = listen,
        Targets = [new TargetOptions { Address = new IPEndPoint(IPAddress.Loopback, 9) }],
    };
}
