using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Asyncore.Cli.Forward;
using Asyncore.Forwarding;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore forward -l IP -p PORT -r IP -P PORT</c>, and what else a forwarder can do.</summary>
internal sealed class ForwardCommand
{
    private const int DefaultPort = 80;

    // Measured (bench/, forward-100x64 and forward-16x64k): for a relay it costs less than io_uring, which receives what
    // only passes through into buffers of its own, where epoll has the kernel move it.
    private const IoBackendKind BestBackend = IoBackendKind.Epoll;

    private readonly LoopSettings _settings;
    private readonly ForwardArguments _arguments = new();

    private readonly Option<string> _localIp = new("--local-ip", "-l")
    {
        Description = "Where to listen.",
        HelpName = "IP",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    private readonly NumberOption _localPort = PortOption("--local-port", "-p", "Where to listen; 0 picks a free one.", 0);

    private readonly Option<string> _remoteIp = new("--remote-ip", "-r")
    {
        Description = "Where to connect to.",
        HelpName = "IP",
    };

    private readonly NumberOption _remotePort = PortOption("--remote-port", "-P", "Where to connect to.", 1);

    private readonly Option<string> _config = new("--config")
    {
        Description = "Listeners from a file, read again at SIGHUP.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _check = new("--check") { Description = "Only see whether the file is right." };

    private readonly ParsedOption<LoggedConnections?> _log = ChoiceOption.Create(
        "--log",
        "Which connections are written to standard error when they end (problems).",
        ("all", LoggedConnections.All),
        ("problems", LoggedConnections.Problems),
        ("none", LoggedConnections.None));

    private readonly Option<bool> _json = new("--json") { Description = "Write them as JSON, an object a line." };

    private readonly Option<bool> _live = new("--live") { Description = "Show what flows, as a table in the terminal." };

    private ForwardCommand(LoopSettings settings) => _settings = settings;

    public static Command Create(LoopSettings settings) => new ForwardCommand(settings).Create();

    private Command Create()
    {
        NotEmpty(_localIp);
        NotEmpty(_remoteIp);
        var command = new Command("forward", "Forward TCP connections.") { _localIp, _localPort, _remoteIp, _remotePort };
        foreach (Option each in _arguments.All)
        {
            command.Options.Add(each);
        }

        command.Options.Add(_config);
        command.Options.Add(_check);
        command.Options.Add(_log);
        command.Options.Add(_json);
        command.Options.Add(_live);
        command.Validators.Add(CheckTogether);
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult line)
    {
        string? file = line.GetValue(_config);
        ServiceOptions options = file is not null ? Load(file) : ReadLine(line);
        if (line.GetValue(_check))
        {
            string listeners = Counted(options.Listeners.Count, "listener");
            Console.Out.WriteLine($"{file}: {listeners}, {Counted(options.Listeners.Sum(each => each.Targets.Count), "target")}");
            return 0;
        }

        bool live = line.GetValue(_live);
        if (live && Console.IsOutputRedirected)
        {
            throw new CommandFailedException("--live: standard output is no terminal") { ExitCode = 2 };
        }

        LoggedConnections which = line.GetValue(_log) ?? (live ? LoggedConnections.None : LoggedConnections.Problems);
        var log = new ConnectionLog(Console.Error, which, line.GetValue(_json), TimeProvider.System);
        EventLoop loop = _settings.MakeLoop(line, BestBackend, new ChannelLog(log));
        return ForwardRun.Run(loop, options, file, log, live);
    }

    private static ServiceOptions Load(string file)
    {
        try
        {
            return ForwardConfiguration.Load(file);
        }
        catch (ForwardConfigurationException error)
        {
            throw new CommandFailedException(error.Message) { ExitCode = 2 };
        }
    }

    private ServiceOptions ReadLine(ParseResult line)
    {
        var local = new HostPort(line.GetRequiredValue(_localIp), line.GetValue(_localPort));
        HostPort? remote = line.GetValue(_remoteIp) is { } host ? new HostPort(host, line.GetValue(_remotePort)) : null;
        return _arguments.Read(line, _arguments.HasListen(line) ? null : Find(local), remote?.ToRemote());
    }

    private static IPEndPoint Find(HostPort local)
    {
        try
        {
            return local.ToLocal();
        }
        catch (SocketException error)
        {
            throw new CommandFailedException($"cannot listen on {local}: {error.Message}");
        }
    }

    // What the file says cannot be said on the line too: one would have to win.
    private void CheckTogether(System.CommandLine.Parsing.CommandResult result)
    {
        Option[] ownOptions = [_config, _check, _log, _json, _live];
        bool file = result.IsGiven(_config);
        Option? other = result.Command.Options.FirstOrDefault(each =>
            !ownOptions.Contains(each) && result.IsGiven(each));
        if (file && other is not null)
        {
            result.AddError($"{other.Name} cannot be given with --config: the file says it");
        }

        if (!file && result.IsGiven(_check))
        {
            result.AddError("--check wants --config FILE");
        }

        if (!file)
        {
            _arguments.CheckTogether(result, [_localIp, _localPort], _remoteIp, _remotePort);
        }
    }

    private static string Counted(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static NumberOption PortOption(string name, string alias, string description, int least) =>
        new([name, alias], least, IPEndPoint.MaxPort, $"a port from {least} to {IPEndPoint.MaxPort}")
        {
            Description = description,
            HelpName = "PORT",
            DefaultValueFactory = _ => DefaultPort,
        };

    private static void NotEmpty(Option<string> option) => option.Validators.Add(result =>
    {
        if (result.Tokens is [{ Value: var text }] && string.IsNullOrWhiteSpace(text))
        {
            result.AddError($"{option.Name}: the address is empty");
        }
    });
}
