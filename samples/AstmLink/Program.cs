using Asyncore;

const string ReceiveUsage = "AstmLink receive --listen HOST:PORT --folder DIR";
const string SendUsage = "AstmLink send HOST:PORT FILE...";

switch (args.FirstOrDefault())
{
    case "receive":
        Sample.Run(ReceiveUsage, args, () => Try(Receive));
        break;
    case "send":
        Sample.Run(SendUsage, [.. args.Take(3)], () => Try(Send)); // however many files follow the first
        break;
    default:
        Sample.Fail($"AstmLink: 'receive' or 'send' comes first\nusage: {ReceiveUsage}\n       {SendUsage}", status: 2);
        break;
}

void Receive()
{
    (string host, int port) = Sample.HostPort(Option("--listen"));
    var folder = new MessageFolder(Option("--folder"));
    var server = new AstmServer(host, port, message =>
    {
        string name = folder.Store(message);
        Console.WriteLine($"received {name}, {message.Length} bytes");
    });
    Sample.StopOnSignals();
    Console.WriteLine($"listening on {server.Address}");
    EventLoop.Loop();
}

void Send()
{
    (string host, int port) = Sample.HostPort(args[1]);
    var sender = new AstmSender([.. args[2..].Select(ReadMessage)]);
    sender.Connect(host, port);
    EventLoop.Loop();
    if (sender.Failure is { } why)
    {
        Sample.Fail($"AstmLink: {why}; not acknowledged: {string.Join(' ', args[^sender.Left..])}");
    }
}

string Option(string name)
{
    int place = Array.IndexOf(args, name) + 1;
    return place > 0 && place < args.Length ? args[place] : throw new FormatException($"{name} is missing");
}

// A line is a record; the standard ends records with CR alone.
static byte[] ReadMessage(string path)
{
    byte[] bytes = File.ReadAllBytes(path);
    byte[] message = [.. bytes.Where((each, i) => each != '\n' || i == 0 || bytes[i - 1] != '\r')];
    message.AsSpan().Replace((byte)'\n', (byte)'\r');
    return AstmFrame.IndexOfRestricted(message) is var place and >= 0
        ? throw new IOException($"{path}: byte 0x{message[place]:X2} must not be in a message")
        : message;
}

static void Try(Action program)
{
    try
    {
        program();
    }
    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
    {
        Sample.Fail($"AstmLink: {error.Message}");
    }
}
