using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Asyncore.Testing;

/// <summary>
/// A network in a box: loops, hosts, a clock and whatever goes wrong, all from a seed. What happens is a function of the
/// seed and of the program, so every failure can be had again. Time stands still until nothing is left to do, and then
/// jumps to what happens next: an hour of silence takes microseconds.
/// </summary>
/// <remarks>
/// One thread owns it and everything on it. A loop may be run by itself, or the network runs all of them; a loop that
/// waits has the others run meanwhile.
/// </remarks>
public sealed partial class SimulatedNetwork : IDisposable
{
    private readonly Dictionary<string, SimulatedHost> _hosts = new(StringComparer.OrdinalIgnoreCase); // RFC 4343
    private readonly Dictionary<IPAddress, SimulatedHost> _byAddress = [];
    private readonly List<SimulatedBackend> _loops = [];
    private readonly Dictionary<string, EventLoop> _clientLoops = [];
    private readonly SlotList<SimulatedSocket> _sockets = new();
    private Exception? _uncaught;
    private long _socketsMade;
    private long _loopsMade;

    /// <summary>Makes a network on which nothing goes wrong yet.</summary>
    /// <param name="seed">What chance begins with.</param>
    public SimulatedNetwork(int seed = 0)
        : this(seed, only: null)
    {
    }

    /// <summary>Makes a network on which only the faults of a list happen, and each where it did.</summary>
    /// <param name="seed">The seed of the run that the faults are from.</param>
    /// <param name="only">What is to go wrong, of what may by <see cref="Faults"/>; null for everything.</param>
    public SimulatedNetwork(int seed, IReadOnlyCollection<Fault>? only)
    {
        Seed = seed;
        Transcript = new Transcript(SimulatedClock);
        Script = new FaultScript((ulong)seed, only) { Told = Note };
        Streams = new StreamTransport(this);
        Datagrams = new DatagramTransport(this);
    }

    /// <summary>What chance began with.</summary>
    public int Seed { get; }

    /// <summary>The clock of every loop here.</summary>
    public TimeProvider Clock => SimulatedClock;

    /// <summary>The time since the network was made.</summary>
    public TimeSpan Now => SimulatedClock.Now;

    /// <summary>What goes wrong from now on; see <see cref="NetworkFaults"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A probability is not from 0 to 1, a time is below zero, or the buffer is smaller than a byte.
    /// </exception>
    public NetworkFaults Faults
    {
        get => Script.Faults;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            value.Check();
            Script.Faults = value;
        }
    }

    /// <summary>
    /// How long it takes loops to make a pass each, where the network runs them, so that one that is never idle does not stop
    /// time; a microsecond at first.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below zero.</exception>
    public TimeSpan PassTime
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            field = value;
        }
    }

    = TimeSpan.FromMicroseconds(1);

    /// <summary>
    /// How many passes in a row a loop may make in one run, in each of which it has something to do; a million at first. Beyond it is a
    /// <see cref="SimulationException"/>: somebody asks for what he then leaves, and would do so for ever.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public int MaxBusyPasses
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    }

    = 1_000_000;

    /// <summary>When a connect that nobody answers is given up; 127 seconds at first, as Linux does (tcp(7)).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not above zero.</exception>
    public TimeSpan ConnectTimeout
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    }

    = TimeSpan.FromSeconds(127);

    /// <summary>What has gone wrong so far, in order: the script of this run.</summary>
    public IReadOnlyList<Fault> Fired => Script.Fired;

    /// <summary>The sockets that are open on all hosts: where it is not zero at the end, something was left.</summary>
    public int OpenSockets => _sockets.Count;

    /// <summary>The last things that happened, a line each: when, where, what.</summary>
    public string TranscriptText => Transcript.ToString();

    /// <summary>
    /// Whether running the network goes on where a handler, a timer or a post has thrown and nothing has caught it: the library outlives it,
    /// as it does on a real network, and the transcript has it. False at first: then it is a <see cref="SimulationException"/>. A
    /// <see cref="SocketException"/> that closes a channel never is, since that is what faults are.
    /// </summary>
    public bool OutlivesExceptions { get; set; }

    internal Transcript Transcript { get; }

    internal SimulatedClock SimulatedClock { get; } = new();

    internal FaultScript Script { get; }

    internal StreamTransport Streams { get; }

    internal DatagramTransport Datagrams { get; }

    /// <summary>The host of a name, made when first asked for.</summary>
    /// <param name="name">The name, by which others resolve it; <c>localhost</c> is for everybody his own host.</param>
    public SimulatedHost Host(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!_hosts.TryGetValue(name, out SimulatedHost? host))
        {
            host = new SimulatedHost(this, name, _hosts.Count + 1);
            _hosts.Add(name, host);
            _byAddress.Add(host.Address, host);
            _byAddress.Add(host.AddressV6, host);
        }

        return host;
    }

    /// <summary>Makes a loop on a host.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="options">The loop's settings; backend and clock are the network's.</param>
    public EventLoop CreateLoop(string host = "server", EventLoopOptions? options = null) =>
        Host(host).CreateLoop(options);

    /// <summary>A scripted client, which begins to connect.</summary>
    /// <param name="address">Where to; a <see cref="DnsEndPoint"/> is resolved among the hosts.</param>
    /// <param name="from">The name of the host that it is on.</param>
    public SimulatedClient Connect(EndPoint address, string from = "client") => new(this, ClientLoop(from), address);

    /// <summary>A scripted server.</summary>
    /// <param name="address">Where to listen; <see cref="IPAddress.Any"/> is every address of the host.</param>
    /// <param name="host">The host's name.</param>
    public SimulatedListener Listen(EndPoint address, string host = "server")
    {
        ArgumentNullException.ThrowIfNull(address);
        return new SimulatedListener(this, ClientLoop(host), address);
    }

    /// <summary>Has something happen at a time, as a part of the script: a cut, a change of <see cref="Faults"/>.</summary>
    /// <param name="when">Since the network was made; as soon as the network moves where that is past.</param>
    /// <param name="what">What to do, outside every loop's handlers.</param>
    public void At(TimeSpan when, Action what)
    {
        ArgumentNullException.ThrowIfNull(what);
        SimulatedClock.At(when, what);
    }

    /// <summary>Sets the time of day of every host, as somebody may do. Timers go on undisturbed.</summary>
    /// <param name="by">How far; back where below zero.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such time.</exception>
    public void JumpClock(TimeSpan by)
    {
        SimulatedClock.JumpTimeOfDay(by);
        Transcript.Add($"the time of day jumps by {by}");
    }

    /// <summary>Writes a line of one's own into the transcript.</summary>
    /// <param name="line">What to write.</param>
    public void Note(string line) => Transcript.Add(line);

    /// <summary>Ends the network: every loop on it is disposed of.</summary>
    public void Dispose()
    {
        foreach (SimulatedBackend each in _loops.ToArray())
        {
            each.Loop.Dispose();
        }
    }

    // One for all scripted ends of a host.
    private EventLoop ClientLoop(string host)
    {
        if (!_clientLoops.TryGetValue(host, out EventLoop? loop))
        {
            _clientLoops[host] = loop = CreateLoop(host);
            _loops[^1].IsScripted = true;
        }

        return loop;
    }

    internal EventLoop CreateLoop(SimulatedHost host, EventLoopOptions? options)
    {
        var backend = new SimulatedBackend(this, host, ++_loopsMade);
        var loop = new EventLoop((options ?? new EventLoopOptions()).On(backend, Clock));
        backend.Loop = loop;
        _loops.Add(backend);
        return loop;
    }

    internal SimulatedSocket MakeSocket(SimulatedHost host, AddressFamily family, IoHandleKind kind)
    {
        var handle = new IoHandle { Family = family, Kind = kind };
        var socket = new SimulatedSocket(host, ++_socketsMade, handle);
        handle.Fd = _sockets.Add(socket);
        return socket;
    }

    internal SimulatedSocket? Find(IoHandle handle) =>
        _sockets.Find(handle.Fd) is { } found && found.Handle == handle ? found : null; // another network has the same numbers

    internal void Close(SimulatedSocket socket, bool abort)
    {
        _sockets.Remove(socket.Handle.Fd);
        Streams.Close(socket, abort);
    }

    internal void Forget(SimulatedBackend loop) => _loops.Remove(loop);

    internal static void Touch(SimulatedSocket socket) => socket.Poller?.Touch(socket);

    internal void NoteUncaught(SimulatedHost host, Exception error, bool isExpected)
    {
        Transcript.Add($"uncaught exception on {host.Name}: {error.GetType()}: {error.Message.ReplaceLineEndings(" ")}");
        _uncaught ??= OutlivesExceptions || isExpected ? null : error;
    }

    /// <summary>What nobody has caught comes out here.</summary>
    internal void ThrowUncaught()
    {
        if (_uncaught is { } error)
        {
            _uncaught = null;
            throw new SimulationException($"Nobody has caught {error.GetType()}: {error.Message}", this, error);
        }
    }

    // Below zero is the number of a loop.
    private void Note(Fault fault)
    {
        string? host = fault.Socket < 0 ? _loops.Find(each => each.Number == -fault.Socket)?.Host.Name : null;
        Transcript.Add(fault, host is null ? null : $"of the loop on {host}");
    }

    internal void Note(SimulatedSocket socket, string what, int count = -1) => Transcript.Add(socket, what, count);

    /// <summary>A local address for who connects or sends without having one.</summary>
    /// <remarks>One that was bound to all addresses has one of them from now on.</remarks>
    internal void BindSource(SimulatedSocket socket, EndPoint to)
    {
        if (to is not IPEndPoint { Address: var address })
        {
            return;
        }

        IPAddress source = socket.Host.SourceFor(address);
        if (socket.Local is not IPEndPoint { Port: > 0 } local)
        {
            socket.Host.Addresses.BindSomewhere(socket, source);
        }
        else if (AddressBook.IsAny(local.Address))
        {
            socket.Local = new IPEndPoint(source, local.Port);
        }
    }

    /// <summary>Who has an address, seen from a host; null where nobody does.</summary>
    internal SimulatedHost? HostAt(SimulatedHost from, EndPoint address) => address switch
    {
        UnixDomainSocketEndPoint => from,
        IPEndPoint { Address: var ip } => from.Owns(ip) || ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)
            ? from
            : _byAddress.GetValueOrDefault(ip),
        _ => null,
    };

    internal IPAddress[] Resolve(SimulatedHost from, string name, AddressFamily family)
    {
        bool isSelf = name.Equals("localhost", StringComparison.OrdinalIgnoreCase);
        IPAddress[] all = isSelf ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
            : _hosts.TryGetValue(name, out SimulatedHost? host) ? [host.Address, host.AddressV6]
            : throw new SocketException((int)SocketError.HostNotFound);
        return family == AddressFamily.Unspecified
            ? all
            : Array.FindAll(all, address => address.AddressFamily == family);
    }

    /// <summary>What loops wait for and what keeps them busy, a line each.</summary>
    internal string DescribeLoops()
    {
        var text = new StringBuilder();
        foreach (SimulatedBackend each in _loops)
        {
            text.Append("loop on ").Append(each.Host.Name).Append(each.Loop.IsDue ? " has something to do" : " waits").Append('\n');
            each.Describe(text);
        }

        return text.ToString();
    }
}
