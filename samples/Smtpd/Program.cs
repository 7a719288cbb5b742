using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Asyncore;

// Python's smtpd, which stores what it is sent: an SMTP server (RFC 5321) in front of a maildir.
Sample.Run("Smtpd --listen HOST:PORT --maildir DIR [--size N]", args, () =>
{
    Dictionary<string, string> options = ReadOptions(args);
    (string host, int port) = Sample.HostPort(Required("--listen"));
    string folder = Required("--maildir");
    int sizeLimit = ReadSize(options.GetValueOrDefault("--size", "33554432"));

    var server = new SmtpServer(host, port, new Maildir(folder).Store, sizeLimit);
    Sample.StopOnSignals();
    Console.WriteLine($"listening on {server.Address}");
    EventLoop.Loop();

    string Required(string name) =>
        options.GetValueOrDefault(name) ?? throw new FormatException($"{name} is missing");
});

static Dictionary<string, string> ReadOptions(string[] args)
{
    var options = new Dictionary<string, string>();
    foreach (string[] pair in args.Chunk(2))
    {
        if (pair[0] is not ("--listen" or "--maildir" or "--size"))
        {
            throw new FormatException($"'{pair[0]}' is no option");
        }

        if (pair.Length < 2 || pair[1].Length == 0)
        {
            throw new FormatException($"{pair[0]} is without its value");
        }

        if (!options.TryAdd(pair[0], pair[1]))
        {
            throw new FormatException($"{pair[0]} is there twice");
        }
    }

    return options;
}

// A message is collected in an array before it is stored, and so is not larger than one can be.
static int ReadSize(string text) =>
    int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
    && size > 0 && size <= Message.Largest
        ? size
        : throw new FormatException($"--size '{text}' is not a number of octets from 1 to {Message.Largest}");

internal class SmtpServer : Dispatcher
{
    private readonly Func<ReadOnlySpan<byte>, string> _store;
    private readonly int _sizeLimit;

    public SmtpServer(string host, int port, Func<ReadOnlySpan<byte>, string> store, int sizeLimit)
    {
        _store = store;
        _sizeLimit = sizeLimit;
        bool isAddress = IPAddress.TryParse(host, out IPAddress? address);
        CreateSocket(isAddress ? address!.AddressFamily : AddressFamily.InterNetwork);
        SetReuseAddr();
        Bind(host, port);
        Listen();
    }

    protected override void HandleAccepted(AcceptedChannel accepted) =>
        _ = new SmtpChannel(accepted, _store, _sizeLimit);
}
