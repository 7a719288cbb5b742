using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;

namespace Asyncore.MicroBench;

/// <summary>Passes in which all channels have said that their wishes may have changed, and nothing happens; per channel.</summary>
public class InterestBenchmarks
{
    private const int Channels = 256;

    private readonly EventLoop _loop = new();
    private readonly Idle[] _channels = new Idle[Channels];
    private bool _pauses;

    [GlobalSetup]
    public void Open()
    {
        for (int i = 0; i < Channels; i++)
        {
            _channels[i] = new Idle(_loop);
        }

        _loop.RunOnce(TimeSpan.Zero);
    }

    [GlobalCleanup]
    public void Close() => _loop.Dispose();

    /// <summary>They want what they wanted: the poller is not told.</summary>
    [Benchmark(OperationsPerInvoke = Channels)]
    public void WantTheSame()
    {
        foreach (Idle channel in _channels)
        {
            channel.PauseReading();
            channel.ResumeReading();
        }

        _loop.RunOnce(TimeSpan.Zero);
    }

    /// <summary>They want something else: a system call for each, on Epoll.</summary>
    [Benchmark(OperationsPerInvoke = Channels)]
    public void WantSomethingElse()
    {
        _pauses = !_pauses;
        foreach (Idle channel in _channels)
        {
            if (_pauses)
            {
                channel.PauseReading();
            }
            else
            {
                channel.ResumeReading();
            }
        }

        _loop.RunOnce(TimeSpan.Zero);
    }

    // A datagram socket, as it needs no peer.
    private sealed class Idle : Dispatcher
    {
        public Idle(EventLoop loop)
            : base(null, loop)
        {
            CreateSocket(AddressFamily.InterNetwork, SocketType.Dgram);
            Bind(new IPEndPoint(IPAddress.Loopback, 0));
        }
    }
}
