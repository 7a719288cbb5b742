using System.Net;
using Asyncore.Testing;
using Xunit;

namespace Asyncore.Tests.Samples;

// What docs/testing.md shows, line by line; these are tests themselves.

#region protocol
internal class Till : AsyncChat
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TimerHandle _idle;
    private int _sum;

    public Till(AcceptedChannel accepted)
        : base(accepted)
    {
        SetTerminator("\r\n");
        _idle = Loop.CallLater(_patience, () =>
        {
            Push("bye\r\n");
            CloseWhenDone();
        });
    }

    public override void Close()
    {
        _idle.Cancel();
        base.Close();
    }

    protected override void FoundTerminator()
    {
        _idle.Reset();
        _sum += int.Parse(GetText());
        Push($"{_sum}\r\n");
    }
}

internal class TillServer : Dispatcher
{
    public TillServer(EventLoop loop)
        : base(null, loop)
    {
        CreateSocket();
        Bind(new IPEndPoint(IPAddress.Any, 7000));
        Listen();
    }

    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Till(accepted);
}
#endregion

public class TestingExamples
{
    [Fact]
    public void The_page_shows_these() => Assert.Equal(
        3, GuideText.AssertSame("docs/testing.md", "tests/Asyncore.Tests/Samples/TestingExamples.cs"));
}

#region script
public class TillTests
{
    [Fact]
    public void It_adds_up_and_says_bye()
    {
        using var network = new SimulatedNetwork();
        using var server = new TillServer(network.CreateLoop("shop"));

        SimulatedClient client = network.Connect(new DnsEndPoint("shop", 7000));
        client.Send("5\r\n7\r\n");
        client.Expect("5\r\n12\r\n");

        client.ExpectNothing(TimeSpan.FromSeconds(29)); // takes no time
        client.Expect("bye\r\n");
        client.ExpectEnd();
    }
}
#endregion

#region seeds
public class TillUnderFaultsTests
{
    [Fact]
    public void Whatever_happens_to_the_network_no_sum_is_wrong() => Simulation.Run(network =>
    {
        using var server = new TillServer(network.CreateLoop("shop"));
        SimulatedClient client = network.Connect(new DnsEndPoint("shop", 7000)).ExpectConnected();
        for (int i = 1; i <= 20; i++)
        {
            client.Send($"{i}\r\n");
            Assert.Equal($"{i * (i + 1) / 2}", client.ExpectLine());
        }
    },
    new SimulationOptions { Faults = NetworkFaults.Rough with { Reset = 0, RefusedConnect = 0, NoDescriptor = 0 } });
}
#endregion
