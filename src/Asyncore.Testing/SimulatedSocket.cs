using System.Net;
using System.Net.Sockets;

namespace Asyncore.Testing;

internal enum SocketStage
{
    Fresh,
    Listening,
    Connecting,
    Connected,
    Failed,
}

/// <summary>A socket of a simulated network: what a kernel would know of it.</summary>
internal sealed class SimulatedSocket(SimulatedHost host, long id, IoHandle handle)
{
    public SimulatedHost Host => host;

    /// <summary>Its number, in the order in which sockets were made.</summary>
    public long Id => id;

    public IoHandle Handle => handle;

    public bool IsStream => handle.Kind == IoHandleKind.Stream;

    /// <summary>Where it is waited for; null where nobody does.</summary>
    public SimulatedBackend? Poller { get; set; }

    /// <summary>Its places in the poller's lists; −1 where it is in none.</summary>
    public int MemberIndex { get; set; } = -1;

    public bool IsActive { get; set; }

    public SocketStage Stage { get; set; }

    public bool IsClosed { get; set; }

    public EndPoint? Local { get; set; }

    public EndPoint? Remote { get; set; }

    public bool IsBound { get; set; }

    public bool SharesPort { get; set; }

    public bool IsDual { get; set; }

    /// <summary>What the next call is told, once.</summary>
    public SocketError Error { get; set; }

    // A listener

    public Queue<SimulatedSocket> Waiting { get; } = new();

    public int Backlog { get; set; }

    // A stream

    public SimulatedSocket? Peer { get; set; }

    public ByteQueue Received { get; } = new();

    public bool EndReceived { get; set; }

    public bool SentEnd { get; set; }

    public bool IsReset { get; set; }

    /// <summary>Nothing passes any more, and nobody is told.</summary>
    public bool HasVanished { get; set; }

    /// <summary>Bytes on their way to the peer, which has them not yet.</summary>
    public int InFlight { get; set; }

    /// <summary>Segments on their way: one with the end, too.</summary>
    public int Segments { get; set; }

    /// <summary>When the last segment arrives: the next is not there before.</summary>
    public TimeSpan LastArrival { get; set; }

    /// <summary>Buffers are said to be full, though they are not.</summary>
    public bool IsHeldBack { get; set; }

    // A datagram socket

    public Queue<byte[]> Datagrams { get; } = new();

    /// <summary>How often each kind of fault could have happened to it.</summary>
    public long[] Occasions { get; } = new long[Enum.GetValues<FaultKind>().Length];

    public long SegmentsSent { get; set; }

    /// <summary>Bytes for which nobody has made room again: on their way, or with the peer and not read.</summary>
    public int Outstanding => InFlight + (Peer is { IsClosed: false } peer ? peer.Received.Count : 0);

    /// <summary>Whether a socket of a family can be bound or connected to such an address.</summary>
    public static bool CanHave(AddressFamily family, EndPoint address) =>
        address.AddressFamily == family || (family == AddressFamily.InterNetworkV6 && address.AddressFamily == AddressFamily.InterNetwork);

    /// <summary>What a poller would be told, whatever it has asked for.</summary>
    public IoEvents Ready(int bufferSize) => Stage switch
    {
        _ when !IsStream => (Datagrams.Count > 0 ? IoEvents.Read : 0) | IoEvents.Write | (Error != 0 ? IoEvents.Error : 0),
        SocketStage.Listening => Waiting.Count > 0 ? IoEvents.Read : 0,
        SocketStage.Connecting => 0,
        SocketStage.Failed => IoEvents.Write | IoEvents.Read | IoEvents.HangUp | (Error != 0 ? IoEvents.Error : 0),
        SocketStage.Connected => ReadyStream(bufferSize),
        _ => IoEvents.Write | IoEvents.HangUp, // as Linux has it of a fresh one
    };

    public override string ToString() =>
        Remote is null ? $"#{Id} {Host.Name} {Local}" : $"#{Id} {Host.Name} {Local}>{Remote}";

    private IoEvents ReadyStream(int bufferSize)
    {
        IoEvents ready = 0;
        ready |= Received.Count > 0 || EndReceived || IsReset ? IoEvents.Read : 0;
        ready |= SentEnd || IsReset || (!IsHeldBack && Outstanding < bufferSize) ? IoEvents.Write : 0;
        ready |= Error != 0 ? IoEvents.Error : 0;
        ready |= IsReset || (EndReceived && SentEnd) ? IoEvents.HangUp : 0;
        return ready;
    }
}
