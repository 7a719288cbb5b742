using System.Net;
using System.Net.Sockets;

namespace Asyncore.Testing;

/// <summary>A listener in the hands of a test: whoever connects is a <see cref="SimulatedClient"/>, a scripted server.</summary>
public sealed class SimulatedListener : IDisposable
{
    private readonly SimulatedNetwork _network;
    private readonly Listener _listener;

    internal SimulatedListener(SimulatedNetwork network, EventLoop loop, EndPoint address)
    {
        _network = network;
        _listener = new Listener(network, loop);
        _listener.CreateSocket(address.AddressFamily);
        try
        {
            _listener.Bind(address);
            _listener.Listen();
        }
        catch
        {
            _listener.Close();
            throw;
        }
    }

    /// <summary>Where it listens, with the port that it was given.</summary>
    public EndPoint Address => _listener.Address!;

    /// <summary>Connections that were made and not taken.</summary>
    public int Waiting => _listener.Accepted.Count;

    /// <summary>Runs the network until somebody has connected.</summary>
    public SimulatedClient Accept()
    {
        _network.RunUntil(() => _listener.Accepted.Count > 0);
        return _listener.Accepted.Dequeue();
    }

    /// <summary>Takes who has connected, if anybody has; the network does not run.</summary>
    public SimulatedClient? TryAccept() => _listener.Accepted.TryDequeue(out SimulatedClient? client) ? client : null;

    /// <summary>Stops listening.</summary>
    public void Dispose() => _listener.Close();

    private sealed class Listener(SimulatedNetwork network, EventLoop loop) : Dispatcher(null, loop)
    {
        public Queue<SimulatedClient> Accepted { get; } = new();

        protected internal override void HandleAccepted(AcceptedChannel accepted) =>
            Accepted.Enqueue(new SimulatedClient(network, accepted));
    }
}
