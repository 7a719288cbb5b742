using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Asyncore;

/// <summary>
/// What the samples share and a port does not need: reading the command line, ending on a signal, and one line about
/// what went wrong. Exit status: 0 done, 1 failed, 2 not understood, and nothing has been started.
/// </summary>
internal static class Sample
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    private static readonly List<PosixSignalRegistration> _signals = [];

    /// <summary>Runs a sample, unless it was called with too few arguments or too many.</summary>
    /// <param name="usage">The sample's name and its arguments; those in brackets can be left out.</param>
    /// <param name="args">The arguments that were given.</param>
    /// <param name="program">What to run.</param>
    public static void Run(string usage, string[] args, Action program)
    {
        string[] words = usage.Split(' ');
        int most = words.Length - 1;
        int least = Regex.Replace(usage, @" \[[^\]]*\]", string.Empty).Split(' ').Length - 1;
        try
        {
            if (args.Length < least || args.Length > most)
            {
                throw new FormatException(args.Length < least ? "an argument is missing" : $"too many: {args[most]}");
            }

            program();
        }
        catch (FormatException error)
        {
            Fail($"{words[0]}: {error.Message}\nusage: {usage}", WrongUsage);
        }
        catch (Exception error) when (error is SocketException or NotSupportedException or IOException
            or UnauthorizedAccessException)
        {
            Fail($"{words[0]}: {error.Message}");
        }
    }

    /// <summary>Says why the sample fails, and sees to its exit status.</summary>
    public static void Fail(string why, int status = Failed)
    {
        Console.Error.WriteLine(why);
        Environment.ExitCode = status;
    }

    /// <summary>Reads HOST:PORT, or HOST where there is a default port; an IPv6 address is in brackets.</summary>
    public static (string Host, int Port) HostPort(string text, ushort? defaultPort = null)
    {
        Match match = Regex.Match(text, @"^(\[(?<host>[^\]]+)\]|(?<host>[^:\[\]]+))(:(?<port>\d+))?$");
        Group given = match.Groups["port"];
        ushort port = defaultPort ?? 0;
        bool isPort = given.Success
            ? ushort.TryParse(given.Value, NumberStyles.None, CultureInfo.InvariantCulture, out port)
            : defaultPort is not null;
        return match.Success && isPort
            ? (match.Groups["host"].Value, port)
            : throw new FormatException($"'{text}' is not HOST:PORT");
    }

    /// <summary>Has SIGINT and SIGTERM stop the loop: the program then ends by itself.</summary>
    public static void StopOnSignals()
    {
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop));

        // On a thread of the runtime's own: Stop and Post are the two calls that any thread may make.
        static void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            EventLoop.Default.Stop();
        }
    }
}
