namespace Asyncore.Testing;

/// <summary>
/// How a simulated network behaves. Probabilities are from 0 to 1 and asked each time that something could go wrong;
/// nothing goes wrong unless it is said.
/// </summary>
public sealed record NetworkFaults
{
    /// <summary>A network on which nothing goes wrong and nothing takes time.</summary>
    public static NetworkFaults None { get; } = new();

    /// <summary>
    /// A bad day: everything arrives in pieces and late, and now and then something breaks. A start for one's own.
    /// </summary>
    public static NetworkFaults Rough { get; } = new()
    {
        Latency = TimeSpan.FromMilliseconds(1),
        Jitter = TimeSpan.FromMilliseconds(5),
        PartialRead = 0.3,
        PartialWrite = 0.3,
        FullBuffer = 0.05,
        SpuriousReadiness = 0.05,
        Reordering = 0.5,
        Reset = 0.002,
        RefusedConnect = 0.01,
        NoDescriptor = 0.01,
        LostDatagram = 0.02,
        DoubledDatagram = 0.02,
        OvertakenDatagram = 0.05,
        BufferSize = 4096,
    };

    /// <summary>How long everything takes to arrive, at least.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>How much longer it may take, evenly spread. A stream keeps its order.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Bytes that may be on their way in one direction of a connection, those that nobody has read included.</summary>
    public int BufferSize { get; init; } = 256 * 1024;

    /// <summary>That a receive gives only a part of what is there, one byte at least.</summary>
    public double PartialRead { get; init; }

    /// <summary>That a send takes only a part of what there is room for, one byte at least.</summary>
    public double PartialWrite { get; init; }

    /// <summary>That a send takes nothing for the moment.</summary>
    public double FullBuffer { get; init; }

    /// <summary>That a pass is told that some channel is ready which is not.</summary>
    public double SpuriousReadiness { get; init; }

    /// <summary>That a pass is told what is ready in an order of its own.</summary>
    public double Reordering { get; init; }

    /// <summary>That a segment which arrives resets the connection instead.</summary>
    public double Reset { get; init; }

    /// <summary>That from a segment on nothing passes between two peers, and neither is told.</summary>
    public double HalfOpen { get; init; }

    /// <summary>That a connect is refused.</summary>
    public double RefusedConnect { get; init; }

    /// <summary>That a connect is not answered, until it is given up (<see cref="SimulatedNetwork.ConnectTimeout"/>).</summary>
    public double SilentConnect { get; init; }

    /// <summary>That a socket to be made, or a connection to be accepted, finds no descriptor.</summary>
    public double NoDescriptor { get; init; }

    /// <summary>That a datagram is lost.</summary>
    public double LostDatagram { get; init; }

    /// <summary>That a datagram comes twice.</summary>
    public double DoubledDatagram { get; init; }

    /// <summary>That a datagram takes so long that others overtake it.</summary>
    public double OvertakenDatagram { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">Something is beyond its bounds.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Latency, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(Jitter, TimeSpan.Zero);
        foreach (FaultKind kind in Enum.GetValues<FaultKind>())
        {
            if (Of(kind) is not (>= 0 and <= 1))
            {
                throw new ArgumentOutOfRangeException($"{kind}", Of(kind), "A probability is from 0 to 1.");
            }
        }
    }

    internal double Of(FaultKind kind) => kind switch
    {
        FaultKind.PartialRead => PartialRead,
        FaultKind.PartialWrite => PartialWrite,
        FaultKind.FullBuffer => FullBuffer,
        FaultKind.SpuriousReadiness => SpuriousReadiness,
        FaultKind.Reordering => Reordering,
        FaultKind.Reset => Reset,
        FaultKind.HalfOpen => HalfOpen,
        FaultKind.RefusedConnect => RefusedConnect,
        FaultKind.SilentConnect => SilentConnect,
        FaultKind.NoDescriptor => NoDescriptor,
        FaultKind.LostDatagram => LostDatagram,
        FaultKind.DoubledDatagram => DoubledDatagram,
        FaultKind.OvertakenDatagram => OvertakenDatagram,
        _ => 0,
    };
}
