using System.CommandLine;
using System.Net;
using Asyncore.Protocols;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore forward -l IP -p PORT -r IP -P PORT</c></summary>
internal static class ForwardCommand
{
    private const int DefaultPort = 80;

    public static Command Create(LoopSettings settings)
    {
        var localIp = new Option<string>("--local-ip", "-l")
        {
            Description = "Where to listen.",
            HelpName = "IP",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        NumberOption localPort = PortOption("--local-port", "-p", "Where to listen; 0 picks a free one.", 0);
        var remoteIp = new Option<string>("--remote-ip", "-r")
        {
            Description = "Where to connect to.",
            HelpName = "IP",
            Required = true,
        };
        NumberOption remotePort = PortOption("--remote-port", "-P", "Where to connect to.", 1);
        NotEmpty(localIp);
        NotEmpty(remoteIp);

        var command = new Command("forward", "Forward a TCP port.") { localIp, localPort, remoteIp, remotePort };
        command.SetAction(line =>
        {
            var local = new HostPort(line.GetRequiredValue(localIp), line.GetValue(localPort));
            var remote = new HostPort(line.GetRequiredValue(remoteIp), line.GetValue(remotePort));
            return ServerRun.Run(
                settings.MakeLoop(line),
                local,
                loop => Start(local, remote, loop));
        });
        return command;
    }

    private static Forwarder Start(HostPort local, HostPort remote, EventLoop loop)
    {
        try
        {
            return new Forwarder(local.ToLocal(), remote.ToRemote(), loop: loop);
        }
        catch (ArgumentException error) when (error.ParamName == "remote")
        {
            throw new CommandFailedException($"cannot forward {local} to {remote}: it would connect to itself");
        }
    }

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
