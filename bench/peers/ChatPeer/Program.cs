using System.Net;
using System.Runtime.InteropServices;
using Asyncore;
using ChatPeer;

Settings settings;
try
{
    settings = Settings.Parse(args);
}
catch (FormatException wrong)
{
    Console.Error.WriteLine($"ChatPeer: {wrong.Message}\n{Settings.Usage}");
    return 2;
}

using var loop = new EventLoop(new EventLoopOptions
{
    Backend = settings.Backend,
    ReceiveBufferSize = Math.Max(settings.Buffer, new EventLoopOptions().ReceiveBufferSize),
});
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true; // ends by itself, with status 0
    loop.Stop();
});

var count = new Count();
var room = new List<RoomChat>();
var server = new Server(settings.Listen, loop, count, accepted => _ = settings.Mode switch
{
    "lines" => new LinesChat(accepted, count),
    "item" => new ItemChat(accepted, settings, count),
    "items" => new ItemsChat(accepted, settings, count),
    "bytes" => new BytesChannel(accepted, settings, count),
    "sends" => new SendsChannel(accepted, settings, count),
    _ => (Dispatcher)new RoomChat(accepted, room, count),
});
Console.WriteLine($"listening on {server.Address}");
loop.Run();
count.Report();
return 0;
