using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace NetPeer;

/// <summary>Echo by Kestrel's transport, which sets TCP_NODELAY by itself: no HTTP takes part.</summary>
internal sealed class KestrelEcho : ConnectionHandler
{
    public static async Task RunAsync(Settings settings, CancellationToken stop)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(settings.Listen, listen => listen.UseConnectionHandler<KestrelEcho>()));
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.Backlog = Settings.Backlog);
        await using WebApplication application = builder.Build();
        await application.StartAsync(stop);
        string address = application.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First();
        Console.WriteLine($"listening on {new Uri(address).Authority}");
        try
        {
            await Task.Delay(Timeout.Infinite, stop);
        }
        catch (OperationCanceledException)
        {
            using var now = new CancellationTokenSource(TimeSpan.Zero); // nothing to save: connections are cut
            await application.StopAsync(now.Token);
        }
    }

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        PipeReader input = connection.Transport.Input;
        PipeWriter output = connection.Transport.Output;
        try
        {
            for (; ; )
            {
                ReadResult read = await input.ReadAsync();
                foreach (ReadOnlyMemory<byte> piece in read.Buffer)
                {
                    output.Write(piece.Span);
                }

                input.AdvanceTo(read.Buffer.End);
                FlushResult flushed = await output.FlushAsync();
                if (read.IsCompleted || flushed.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (IOException)
        {
            // the client has gone: Kestrel's ConnectionResetException is one
        }
    }
}
