using System.Net.Sockets;

namespace NetPeer;

/// <summary>Echo as it is written with <see cref="Socket"/>: a loop that awaits for each connection.</summary>
internal static class SocketEcho
{
    public static async Task RunAsync(Settings settings, CancellationToken stop)
    {
        using var listener = new Socket(settings.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(settings.Listen);
        listener.Listen(Settings.Backlog);
        Console.WriteLine($"listening on {listener.LocalEndPoint}");
        try
        {
            for (; ; )
            {
                Socket client = await listener.AcceptAsync(stop);
                _ = ServeAsync(client, settings);
            }
        }
        catch (OperationCanceledException)
        {
            // asked to end
        }
    }

    private static async Task ServeAsync(Socket client, Settings settings)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                byte[] buffer = new byte[settings.Buffer];
                int each = settings.Each > 0 ? settings.Each : buffer.Length;
                int count;
                while ((count = await client.ReceiveAsync(buffer)) > 0)
                {
                    for (int start = 0; start < count;)
                    {
                        // A TCP socket may take less than it is given.
                        start += await client.SendAsync(buffer.AsMemory(start, Math.Min(each, count - start)));
                    }
                }
            }
            catch (SocketException)
            {
                // the client has gone
            }
        }
    }
}
