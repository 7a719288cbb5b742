using System.Net;
using System.Net.Sockets;
using Asyncore;
using Asyncore.Tests.Child;

// shortage BACKEND HOST:PORT|PATH channel|socket|accept|stuck [BACKLOG]
// An echo listener that a test starts with hardly any descriptors. It says where it listens, then obeys, line by line:
//   open   how many connections it has
//   idle   how many passes it makes while nothing happens
//   take N opens files up to the descriptor of that number
//   free   closes what it has kept open besides
//   heard  how many bytes have come
//   size   how many each connection of the stuck form is sent at once
//   quit   ends
// filter CALL ERRNO COMMAND...        becomes the command, to which a system call is answered by an error
// fallback                            says which loops there are
// fallback CALL ERRNO                 the same, where a call is denied
// fallback CALL ERRNO late            the same, where it is denied while a loop runs on io_uring
// fallback CALL ERRNO fleet           the same, while many do, on threads of their own
// transfer BACKEND echo|chat|forward BYTES [collect]
//                                     sends so many bytes to a loop and back, the collector always at work if asked for
if (args is ["filter", var call, var errno, .. var command])
{
    SystemFilter.Deny(uint.Parse(call), uint.Parse(errno));
    SystemFilter.Become(command);
}

if (args is ["fallback", ..])
{
    if (args is [_, var denied, var answer, var when])
    {
        Action<uint, uint> halfWay = when == "fleet" ? Fleet.HalfWay : Fallback.HalfWay;
        halfWay(uint.Parse(denied), uint.Parse(answer));
        return 0;
    }

    if (args is [_, var early, var reply])
    {
        SystemFilter.Deny(uint.Parse(early), uint.Parse(reply));
    }

    Fallback.FromTheStart();
    return 0;
}

if (args is ["transfer", var on, var way, var bytes, .. var more])
{
    Transfer.Run(Enum.Parse<IoBackendKind>(on), way, int.Parse(bytes), collects: more is ["collect"]);
    return 0;
}

if (args is not ["shortage", var backend, var address, var form, .. var backlog])
{
    Console.Error.WriteLine("usage: shortage BACKEND ADDRESS channel|socket|accept|stuck [BACKLOG]");
    return 2;
}

using var loop = new EventLoop(new EventLoopOptions { Backend = Enum.Parse<IoBackendKind>(backend) });
EndPoint where = IPEndPoint.TryParse(address, out IPEndPoint? ip) ? ip : new UnixDomainSocketEndPoint(address);
List<FileStream> kept = [];
for (int i = 0; i < 5; i++)
{
    kept.Add(File.OpenRead("/dev/null"));
}

ScarceListener listener = form switch
{
    "channel" => new ScarceListener(loop),
    "socket" => new ScarceSocketListener(loop),
    "accept" => new ScarceAcceptListener(loop),
    "stuck" => new StuckListener(loop),
    _ => throw new ArgumentException($"no such form: {form}"),
};
listener.CreateSocket(where.AddressFamily);
listener.Bind(where);
listener.Listen(backlog is [var length] ? int.Parse(length) : 1024);
Console.WriteLine($"listening on {listener.Address}");

var commands = new Thread(() =>
{
    while (Console.ReadLine() is { } line)
    {
        loop.Post(() => Obey(line));
    }

    loop.Post(() => Obey("quit"));
})
{
    IsBackground = true,
};
commands.Start();
loop.Run();
return 0;

void Obey(string command)
{
    string[] words = command.Split(' ');
    switch (words[0])
    {
        case "open":
            Console.WriteLine(loop.Channels.Count - 1);
            break;
        case "idle":
            listener.Passes = 0;
            loop.CallLater(TimeSpan.FromMilliseconds(250), () => Console.WriteLine(listener.Passes));
            break;
        case "take":
            Take(int.Parse(words[1]));
            Console.WriteLine("taken");
            break;
        case "free":
            kept.ForEach(file => file.Dispose());
            Console.WriteLine("freed");
            break;
        case "heard":
            Console.WriteLine(((StuckListener)listener).Heard);
            break;
        case "size":
            Console.WriteLine(StuckListener.Size);
            break;
        case "quit":
            loop.CloseAll();
            break;
    }
}

// All as long as there are enough for the runtime: it may want one at any moment.
void Take(int last)
{
    do
    {
        kept.Add(File.OpenRead("/dev/null"));
    }
    while (kept[^1].SafeFileHandle.DangerousGetHandle() < last);
}
