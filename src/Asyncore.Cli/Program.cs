using System.CommandLine;
using System.Net.Sockets;
using Asyncore.Cli;
using Asyncore.Cli.Commands;

// Exit status: 0 done, 1 failed, with one line that says why, 2 not understood, and nothing has been started.
const int Failed = 1;
const int WrongUsage = 2;

StandardStreams.Secure();
ParseResult line = Build().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (line.Errors.Count > 0)
{
    foreach (string message in line.Errors.Select(error => error.Message).Distinct())
    {
        Console.Error.WriteLine($"asyncore: {message}");
    }

    Console.Error.WriteLine("asyncore: add --help for the usage");
    return WrongUsage;
}

try
{
    DescriptorLimit.Check();
    return line.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception error) when (error is CommandFailedException or PlatformNotSupportedException or SocketException
    or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"asyncore: {OneLine(error.Message)}");
    return error is CommandFailedException failed ? failed.ExitCode : Failed;
}

static RootCommand Build()
{
    var settings = new LoopSettings();
    return new RootCommand("Network programs, each on an Asyncore event loop.")
    {
        settings.Backend,
        settings.Spin,
        DemoCommand.Create(settings),
        EchoCommand.Create(settings),
        TimeCommand.Create(settings),
        GetCommand.Create(settings),
        ForwardCommand.Create(settings),
    };
}

// What a peer said may be part of a message, and is none of the terminal's business.
static string OneLine(string message) => string.Concat(message.Select(each => char.IsControl(each) ? ' ' : each));
