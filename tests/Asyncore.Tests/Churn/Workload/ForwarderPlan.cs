using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Churn;

/// <summary>Where everything around a forwarder is, and the options that it is given in turn.</summary>
/// <remarks>
/// There are several of everything because a connection that has ended keeps its pair of addresses for a minute (TIME_WAIT),
/// and one address has less than thirty thousand ports to come from.
/// </remarks>
internal sealed class ForwarderPlan
{
    private const int Several = 8;
    private const int Plenty = 2000; // what is counted in and not out again comes to that

    private const int FirstDoor = 10;
    private const int FirstTarget = 30;
    private const int FirstOther = 50;

    private readonly IPEndPoint _nobody = Place(FirstOther);

    /// <summary>Listeners by which everybody is served, whatever is reloaded.</summary>
    public IReadOnlyList<IPEndPoint> Doors { get; } = Places(FirstDoor);

    /// <summary>Ends connections on which nothing is said.</summary>
    public IPEndPoint Impatient { get; } = Place(FirstOther + 1);

    /// <summary>Leads to <see cref="ResettingTarget"/>.</summary>
    public IPEndPoint Resetting { get; } = Place(FirstOther + 2);

    /// <summary>Leads nowhere.</summary>
    public IPEndPoint Dead { get; } = Place(FirstOther + 3);

    /// <summary>Has faults of its own.</summary>
    public IPEndPoint Cutting { get; } = Place(FirstOther + 4);

    /// <summary>Is open in some turns.</summary>
    public IPEndPoint Sometimes { get; } = Place(FirstOther + 5);

    /// <summary>Targets that echo.</summary>
    public IReadOnlyList<IPEndPoint> Targets { get; } = Places(FirstTarget);

    /// <summary>One more, which has a name.</summary>
    public IPEndPoint NamedTarget { get; } = OwnPorts.Next(IPAddress.Loopback);

    public IPEndPoint ResettingTarget { get; } = Place(FirstOther + 6);

    /// <summary>As it is between two crowds: no timer, no name, and every target answers.</summary>
    public ServiceOptions Calm => new() { Listeners = [.. Enumerable.Range(0, Several).Select(Door), .. Others] };

    /// <summary>Options for a reload: what was before is changed, opened or closed.</summary>
    public ServiceOptions Turn(int number) => (number % 4) switch
    {
        0 => Stirred(Door, isOpen: true),
        1 => Stirred(DoorWithDeadTarget, isOpen: true),
        2 => Stirred(DoorWithTwoTargets, isOpen: false),
        _ => Stirred(SlowDoor, isOpen: false),
    };

    private IEnumerable<ListenerOptions> Others =>
    [
        To(Impatient, Targets[0]) with { IdleTimeout = TimeSpan.FromMilliseconds(200) },
        To(Resetting, ResettingTarget),
        To(Cutting, Targets[1]) with
        {
            FaultsToClient = new FaultOptions
            {
                Delay = TimeSpan.FromMilliseconds(2),
                Jitter = TimeSpan.FromMilliseconds(1),
                Slice = 1000,
                CutAfter = 20_000,
            },
        },
    ];

    public static IPEndPoint Place(int host) => OwnPorts.Next(new IPAddress([127, 0, 1, (byte)host]));

    private static IPEndPoint[] Places(int first) => [.. Enumerable.Range(first, Several).Select(Place)];

    private static ListenerOptions To(EndPoint listen, params EndPoint[] targets) => new()
    {
        Listen = listen,
        Targets = [.. targets.Select(each => new TargetOptions { Address = each })],
        RestFor = TimeSpan.FromMilliseconds(50),
    };

    private ServiceOptions Stirred(Func<int, ListenerOptions> door, bool isOpen)
    {
        IEnumerable<ListenerOptions> more = isOpen ? [To(Dead, _nobody), To(Sometimes, Targets[2])] : [To(Dead, _nobody)];
        return new ServiceOptions { Listeners = [.. Enumerable.Range(0, Several).Select(door), .. Others, .. more] };
    }

    // A timer for each connection, which never comes to run.
    private ListenerOptions Door(int number) => To(Doors[number], Targets[number]) with
    {
        IdleTimeout = TimeSpan.FromMinutes(1),
        MaxConnections = Plenty,
        MaxConnectionsPerClient = Plenty,
    };

    private ListenerOptions DoorWithDeadTarget(int number) => Door(number) with
    {
        Targets = To(Doors[number], _nobody, Targets[number]).Targets,
    };

    private ListenerOptions DoorWithTwoTargets(int number) => number == 0
        ? Door(0) with
        {
            Targets = To(Doors[0], new DnsEndPoint("localhost", NamedTarget.Port, AddressFamily.InterNetwork)).Targets,
            ResolveEvery = TimeSpan.FromMilliseconds(30),
        }
        : Door(number) with
        {
            Targets = To(Doors[number], Targets[number], Targets[(number + 1) % Several]).Targets,
            Balance = BalancePolicy.LeastConnections,
        };

    private ListenerOptions SlowDoor(int number) => Door(number) with
    {
        HighWater = 16 * 1024,
        LowWater = 4 * 1024,
        Rate = 50_000_000,
        TotalRate = 1_000_000_000,
    };
}
