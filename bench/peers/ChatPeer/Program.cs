using System.Net;
using System.Runtime.InteropServices;
using Asyncore;
using ChatPeer;

Settings settings;
EventLoop made;
try
{
    settings = Settings.Parse(args);
    made = settings.MakeLoop();
}
catch (FormatException wrong)
{
    Console.Error.WriteLine($"ChatPeer: {wrong.Message}\n{Settings.Usage}");
    return 2;
}
catch (PlatformNotSupportedException lacking)
{
    Console.Error.WriteLine($"ChatPeer: {lacking.Message}");
    return 1;
}

using EventLoop loop = made;
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
