using System.Net;
using System.Runtime.InteropServices;
using Asyncore.Forwarding;

namespace Asyncore.Cli.Forward;

/// <summary>A forwarder until it is told to stop: signals, the log, and the file read again.</summary>
internal sealed class ForwardRun : IDisposable
{
    private readonly EventLoop _loop;
    private readonly ForwardService _service;
    private readonly string? _file;
    private readonly ConnectionLog _log;
    private readonly PosixSignalRegistration? _reload;
    private readonly HashSet<EndPoint> _told = [];
    private bool _stopping;
    private bool _isLive;

    private ForwardRun(EventLoop loop, ServiceOptions options, string? file, ConnectionLog log)
    {
        _loop = loop;
        _file = file;
        _log = log;
        InheritedSockets inherited = InheritedSockets.FromEnvironment();
        _service = new ForwardService(options, loop, inherited);
        foreach (var left in inherited.Left)
        {
            _log.Say($"no listener is for the inherited socket at {left.LocalEndPoint}");
        }

        _service.ConnectionEnded += log.Write;
        _reload = file is null ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            Post(Reload);
        });
    }

    /// <param name="loop">The loop; disposed of at the end.</param>
    /// <param name="options">What to do.</param>
    /// <param name="file">Where the options are from, to be read again at SIGHUP; null where from nowhere.</param>
    /// <param name="log">What is written when a connection ends.</param>
    /// <param name="live">Whether to show a table until the end.</param>
    public static int Run(EventLoop loop, ServiceOptions options, string? file, ConnectionLog log, bool live)
    {
        using EventLoop owned = loop;
        using var run = Start(loop, options, file, log);
        using var signals = new StopSignals(() => run.Post(run.Stop));
        run.TellAddresses();
        using LiveView? view = live ? LiveView.Show(run._service) : null;
        log.View = Console.IsErrorRedirected ? null : view; // lines of our own would tear the table
        run._isLive = live;
        loop.Run();
        return 0;
    }

    public void Dispose()
    {
        _reload?.Dispose();
        _service.Dispose();
    }

    private static ForwardRun Start(EventLoop loop, ServiceOptions options, string? file, ConnectionLog log)
    {
        try
        {
            return new ForwardRun(loop, options, file, log);
        }
        catch (ForwardListenException error)
        {
            throw new CommandFailedException(error.Message);
        }
        catch (InvalidOperationException error)
        {
            throw new CommandFailedException(error.Message); // an inherited socket that is none
        }
    }

    // Of the runtime's thread: the first may come before the loop runs, the last after it has ended.
    private void Post(Action action)
    {
        try
        {
            _loop.Post(action);
        }
        catch (ObjectDisposedException)
        {
            // it has stopped
        }
    }

    private void Stop()
    {
        bool first = !_stopping;
        _stopping = true;
        _service.Stop(cut =>
        {
            if (cut > 0)
            {
                _log.Say($"stopped: {Connections(cut)} cut");
            }

            _loop.Stop();
        });
        if (first && _service.Connections is > 0 and var left)
        {
            _log.Say(
                $"stopping: {Connections(left)} may go on for {Quantity.FormatDuration(_service.Options.DrainTimeout)}");
        }
    }

    private void Reload()
    {
        try
        {
            _service.Apply(ForwardConfiguration.Load(_file!));
            _log.Say($"{_file}: read again");
            TellAddresses();
        }
        catch (Exception error) when (error is ForwardConfigurationException or ForwardListenException
            or InvalidOperationException)
        {
            _log.Say($"{error.Message}; nothing has changed");
        }
    }

    private void TellAddresses()
    {
        EndPoint[] addresses = [.. _service.Addresses];
        foreach (EndPoint address in addresses.Where(each => !_told.Contains(each)))
        {
            string line = $"listening on {EndPointText.Format(address)}";
            if (_isLive)
            {
                _log.Say(line); // standard output has the table
            }
            else
            {
                Console.Out.WriteLine(line);
            }
        }

        _told.Clear();
        _told.UnionWith(addresses);
        Console.Out.Flush();
    }

    private static string Connections(int count) => count == 1 ? "1 connection" : $"{count} connections";
}
