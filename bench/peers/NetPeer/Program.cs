using System.Runtime.InteropServices;
using NetPeer;

Settings settings;
try
{
    settings = Settings.Parse(args);
}
catch (FormatException wrong)
{
    Console.Error.WriteLine($"NetPeer: {wrong.Message}\n{Settings.Usage}");
    return 2;
}

using var stop = new CancellationTokenSource();
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true; // ends by itself, with status 0
    stop.Cancel();
});

Task serving = settings.Mode == "kestrel"
    ? KestrelEcho.RunAsync(settings, stop.Token)
    : SocketEcho.RunAsync(settings, stop.Token);
await serving;
return 0;
