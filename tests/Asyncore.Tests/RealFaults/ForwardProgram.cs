using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>The forwarder as a program of its own, between clients and targets of the test's.</summary>
internal sealed class ForwardProgram : IDisposable
{
    /// <summary>Runs the forwarder as it is.</summary>
    public const string Plainly = "exec \"$@\"";

    private readonly Socket _target;
    private readonly ToolProcess _tool;
    private readonly List<IDisposable> _owned = [];

    private ForwardProgram(Socket target, ToolProcess tool)
    {
        _target = Keep(target);
        _tool = Keep(tool);
    }

    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    /// <inheritdoc cref="ChildProcess.Memory"/>
    public long Memory => _tool.Memory;

    /// <summary>Starts it, and waits until it listens.</summary>
    /// <param name="backend">The name of its backend.</param>
    /// <param name="script">Of a shell that starts it, which is <c>"$@"</c> there.</param>
    /// <param name="targets">Where to forward to, the first that is there; a listener of the test's where none are given.</param>
    /// <param name="listen">Where to listen; a port of its own where null.</param>
    public static async Task<ForwardProgram> Start(
        string backend, string script = Plainly, EndPoint[]? targets = null, IPEndPoint? listen = null)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what is done to processes here is written for Linux");
        Socket target = Sockets.Listen(AddressFamily.InterNetwork);
        targets ??= [target.LocalEndPoint!];
        listen ??= OwnPorts.Next(IPAddress.Loopback);
        ToolProcess tool = ToolProcess.StartByShell(
            string.Empty,
            script,
            [
                "forward", "--backend", backend, "--listen", listen.ToString(), "--log", "all", "--json",
                "--balance", "first-available", .. targets.SelectMany(each => new[] { "--target", each.ToString()! }),
            ]);
        var forwarder = new ForwardProgram(target, tool);
        try
        {
            forwarder.Address = await tool.AwaitListening();
            return forwarder;
        }
        catch
        {
            forwarder.Dispose();
            throw;
        }
    }

    /// <summary>Something that ends with the forwarder.</summary>
    public T Keep<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    /// <summary>A client, whoever it will be joined to.</summary>
    public Socket Dial() => Keep(Sockets.Dial(Address));

    /// <summary>The next connection of the forwarder's to the listener of the test's.</summary>
    public Socket Accept() => Keep(_target.AcceptSoon());

    /// <summary>A client, and the target's end of what it was forwarded to.</summary>
    public (Socket Client, Socket Server) Connect()
    {
        Socket client = Dial();
        return (client, Accept());
    }

    /// <summary>Fails where a new connection is not served whole, in both directions.</summary>
    public void AssertServes()
    {
        byte[] request = Sockets.Pattern(1_000_000);
        byte[] answer = Sockets.Pattern(300_000);
        (Socket client, Socket server) = Connect();
        Companion asking = Companion.Start(() =>
        {
            client.Send(request);
            client.Shutdown(SocketShutdown.Send);
            Assert.True(client.ReadToEnd().AsSpan().SequenceEqual(answer), "the answer is not what was sent");
        });
        Assert.True(server.ReadToEnd().AsSpan().SequenceEqual(request), "the request is not what was sent");
        server.Send(answer);
        server.Shutdown(SocketShutdown.Send);
        asking.Join();
    }

    /// <summary>The next line of the log, which is of a connection that has ended.</summary>
    public async Task<Ending> ReadEnding()
    {
        JsonElement line = JsonDocument.Parse(await _tool.ReadErrorLine()).RootElement;
        return new Ending(
            line.GetProperty("reason").GetString()!,
            line.GetProperty("bytesToTarget").GetInt64(),
            line.GetProperty("bytesToClient").GetInt64());
    }

    /// <summary>Waits for a line of the log that says one of these.</summary>
    public async Task AwaitSaid(params string[] what)
    {
        while (await _tool.ReadErrorLine() is var line
            && !Array.Exists(what, each => line.Contains(each, StringComparison.OrdinalIgnoreCase)))
        {
            // something else
        }
    }

    /// <inheritdoc cref="ChildProcess.Kill"/>
    public void Kill() => _tool.Kill();

    /// <summary>Ends it by SIGTERM, which it must take well.</summary>
    public async Task End()
    {
        _tool.Signal(ChildProcess.Terminate);
        ToolResult result = await _tool.End();
        Assert.True(result.Status == 0, $"exit status {result.Status}: {result.Errors}");
    }

    public void Dispose() => _owned.ForEach(each => each.Dispose());
}

/// <summary>What the log says of a connection.</summary>
internal sealed record Ending(string Reason, long BytesToTarget, long BytesToClient);
