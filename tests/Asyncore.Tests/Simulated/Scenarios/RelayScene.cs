using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Testing;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// What is around a forwarder: clients that say their number and their bytes, targets that answer each by its number, and the
/// forwarder's records of them, where it makes any. What comes out is what went in: all of it where the end came in order, the
/// beginning where something broke.
/// </summary>
internal sealed class RelayScene(SimulatedNetwork network)
{
    public const int TargetPort = 80;

    private readonly List<PlainListener> _listeners = [];
    private readonly List<EventLoop> _loops = [];
    private readonly List<RelayTarget> _targets = [];
    private readonly List<RelayClient> _clients = [];
    private readonly Dictionary<EndPoint, List<ConnectionRecord>> _records = [];

    /// <summary>Whether there are records, so that for each end it is known why it came.</summary>
    public bool HasRecords { get; init; } = true;

    public IReadOnlyList<RelayClient> Clients => _clients;

    public bool IsOver => _clients.TrueForAll(each => each.IsOver) && _targets.TrueForAll(each => each.IsOver);

    /// <summary>A loop of a host that has nothing left in the end.</summary>
    public EventLoop Loop(string host)
    {
        EventLoop loop = network.CreateLoop(host, Scenario.Quiet);
        _loops.Add(loop);
        return loop;
    }

    /// <summary>Has a host answer, where clients are sent.</summary>
    public void Serve(string host) => _listeners.Add(new PlainListener(
        Loop(host), TargetPort, accepted => _targets.Add(new RelayTarget(network, accepted))));

    /// <summary>Has further clients connect.</summary>
    public RelayClient[] Connect(string host, EndPoint address, int count)
    {
        EventLoop loop = Loop(host);
        RelayClient[] more = [.. Enumerable.Range(_clients.Count, count).Select(i => new RelayClient(network, loop, address, i))];
        _clients.AddRange(more);
        return more;
    }

    public void Note(ConnectionRecord record)
    {
        if (record.Client is { } client)
        {
            if (!_records.TryGetValue(client, out List<ConnectionRecord>? all))
            {
                _records[client] = all = [];
            }

            all.Add(record);
        }
    }

    /// <summary>What forwarders have written down of a client.</summary>
    public IReadOnlyList<ConnectionRecord> RecordsOf(RelayClient client) =>
        client.LocalEnd is { } local && _records.TryGetValue(local, out List<ConnectionRecord>? all) ? all : [];

    /// <summary>Everybody who was let in has got everything, as nothing has happened to any connection.</summary>
    public void CheckCalm()
    {
        foreach (RelayClient client in _clients.Where(each => RecordsOf(each).Count > 0))
        {
            Scenario.Check(client.HasEnded && client.Received > 0, $"{client} has got {client.Received} bytes on a calm network");
        }
    }

    public void CheckEnds()
    {
        foreach (RelayClient client in _clients)
        {
            IReadOnlyList<ConnectionRecord> records = RecordsOf(client);
            bool early = HasRecords ? records.Any(IsEarly) : client.Received == 0; // without a target, closed without a byte
            client.CheckEnd(early);
            Scenario.Check(!client.HasEnded || early || records.All(each => each.BytesToClient == client.Received),
                $"{client} has got {client.Received} bytes: {string.Join("; ", records.Select(each => each.ToText()))}");
        }

        foreach (RelayTarget target in _targets)
        {
            target.CheckEnd(target.Number is { } number && RecordsOf(_clients[number]).Any(IsEarly));
        }
    }

    /// <summary>The targets go, and nothing is left.</summary>
    public void Close()
    {
        _listeners.ForEach(each => each.Close());
        Scenario.CheckClean(network, _loops);
    }

    // Ended in order by the forwarder itself, behind what has come so far.
    private static bool IsEarly(ConnectionRecord record) =>
        record.Reason is EndReason.IdleTimeout or EndReason.Lifetime or EndReason.NoTarget;
}

/// <summary>An end of a relayed stream: keeps what comes, answers an end by its own, and gives up when it is left alone.</summary>
internal abstract class RelayEnd : DispatcherWithSend
{
    private readonly List<byte> _got = [];
    private readonly TimerHandle _patience;

    protected RelayEnd(EventLoop loop)
        : base(null, loop) => _patience = Begin();

    protected RelayEnd(AcceptedChannel accepted)
        : base(accepted) => _patience = Begin();

    /// <summary>Whether the other end has ended its stream in order.</summary>
    public bool HasEnded { get; private set; }

    public bool IsOver { get; private set; }

    public int Received => _got.Count;

    public byte[] Got => [.. _got];

    public override void Close()
    {
        IsOver = true;
        _patience.Cancel();
        base.Close();
    }

    protected override void HandleRead()
    {
        Scenario.Check(!IsOver, "a handler was called after the close");
        _got.AddRange(Receive());
    }

    protected override void HandleEndOfStream()
    {
        Scenario.Check(!HasEnded, "the end of a stream was told twice");
        HasEnded = true;
        ShutdownSend();
        Close();
    }

    protected override void HandleConnectFailed(SocketException error) => Close();

    protected override void HandleClose() => Close();

    private TimerHandle Begin()
    {
        AllowHalfOpen = true;
        CloseTimeout = Scenario.Patience; // what is dropped sooner would look whole to the other end
        return Loop.CallLater(Scenario.Patience, Abort);
    }
}

/// <summary>A client: says its number and its bytes, ends its stream, and reads to the end.</summary>
internal sealed class RelayClient : RelayEnd
{
    private const int Most = 60_000;

    private readonly SimulatedNetwork _network;
    private readonly int _number;

    public RelayClient(SimulatedNetwork network, EventLoop loop, EndPoint address, int number)
        : base(loop)
    {
        _network = network;
        _number = number;
        Connect(address);
    }

    /// <summary>Its own address, by which it is known; null where it was never connected.</summary>
    public EndPoint? LocalEnd { get; private set; }

    /// <summary>What a client of a number says.</summary>
    public static byte[] Question(SimulatedNetwork network, int number)
    {
        byte[] all = Scenario.Bytes(network, number, Most);
        return [.. BitConverter.GetBytes(number), .. all[..(BitConverter.ToUInt16(all) % Most)]];
    }

    /// <summary>What it is answered.</summary>
    public static byte[] Answer(SimulatedNetwork network, int number)
    {
        int other = 100_000 + (number * 7919);
        return Scenario.Bytes(network, other, other % Most);
    }

    /// <param name="early">The forwarder may have ended the stream in order before everything had come.</param>
    public void CheckEnd(bool early)
    {
        Scenario.Check(IsOver, $"{this} has no end");
        Scenario.CheckStream(Answer(_network, _number), Got, whole: HasEnded && !early, ToString());
    }

    public override string ToString() => $"client {_number}";

    protected override void HandleConnect()
    {
        LocalEnd = LocalAddress;
        Send(Question(_network, _number));
        ShutdownSend();
    }
}

/// <summary>The target of one client: answers once it knows whose.</summary>
internal sealed class RelayTarget(SimulatedNetwork network, AcceptedChannel accepted) : RelayEnd(accepted)
{
    /// <summary>Whose target it is, as it has said itself; null before it has.</summary>
    public int? Number { get; private set; }

    /// <inheritdoc cref="RelayClient.CheckEnd"/>
    public void CheckEnd(bool early)
    {
        Scenario.Check(IsOver, $"{this} has no end");
        if (Number is { } number)
        {
            Scenario.CheckStream(RelayClient.Question(network, number), Got, whole: HasEnded && !early, ToString());
        }
    }

    public override string ToString() => $"the target of {Number}";

    protected override void HandleRead()
    {
        base.HandleRead();
        if (Number is null && Received >= sizeof(int))
        {
            Number = BitConverter.ToInt32(Got);
            Send(RelayClient.Answer(network, Number.Value));
        }
    }
}
