using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>
/// Processes that are killed (SIGKILL) in the middle of a transfer through the forwarder. None of the transfers has an
/// end, so wherever it is, it is the middle.
/// </summary>
public class KilledProcessTests
{
    private const int Some = 1_000_000;

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task What_a_killed_sender_had_sent_arrives_and_then_its_end(string backend)
    {
        using ForwardProgram forwarder = await ForwardProgram.Start(backend);
        ConnectedProgram sender = forwarder.Keep(ConnectedProgram.Count(forwarder.Address));
        Socket server = forwarder.Accept();
        byte[] first = server.ReadExactly(Some);
        sender.Kill();
        (byte[] rest, SocketError error) = server.ReadAll();
        Assert.Equal(SocketError.Success, error); // it was sent nothing, so there was nothing unread
        ConnectedProgram.AssertCounted([.. first, .. rest]);
        server.Dispose();
        Assert.Equal(new Ending("clientClosed", first.Length + rest.Length, 0), await forwarder.ReadEnding());
        forwarder.AssertServes();
        await forwarder.End();
    }

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task Who_sends_to_a_killed_receiver_is_told(string backend)
    {
        using ForwardProgram forwarder = await ForwardProgram.Start(backend);
        ConnectedProgram receiver = forwarder.Keep(ConnectedProgram.Digest(forwarder.Address, Some));
        Socket server = forwarder.Accept();
        byte[] pattern = Sockets.Pattern(1 << 24);
        long sent = 0;
        Companion sending = Companion.Start(() => sent = SendWithoutEnd(server, pattern));
        receiver.AssertPrintsDigestOf(pattern.AsSpan(0, Some));
        receiver.Kill();
        sending.Join();
        Ending ending = await forwarder.ReadEnding();
        Assert.True(ending.Reason is "clientReset" or "clientClosed", ending.Reason);
        Assert.InRange(ending.BytesToClient, Some, sent);
        Assert.Equal(0, ending.BytesToTarget);
        forwarder.AssertServes();
        await forwarder.End();
    }

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task After_a_killed_target_the_next_one_serves(string backend)
    {
        using ToolProcess first = ToolProcess.Start("echo", "--listen", OwnAddress(), "--backend", backend);
        using Socket second = Sockets.Listen(AddressFamily.InterNetwork);
        IPEndPoint firstAddress = await first.AwaitListening();
        EndPoint[] targets = [firstAddress, second.LocalEndPoint!];
        using ForwardProgram forwarder = await ForwardProgram.Start(backend, targets: targets);
        Socket client = forwarder.Dial();
        byte[] pattern = Sockets.Pattern(1 << 24);
        long sent = 0;
        Companion sending = Companion.Start(() => sent = SendWithoutEnd(client, pattern));
        byte[] beginning = client.ReadExactly(Some);
        first.Kill();
        (byte[] rest, SocketError error) = client.ReadAll();
        sending.Join();
        AssertEnd(error);
        AssertBeginning(pattern, [.. beginning, .. rest], sent);
        Ending ending = await forwarder.ReadEnding();
        Assert.True(ending.Reason is "targetReset" or "targetClosed", ending.Reason);
        Assert.Equal(beginning.Length + rest.Length, ending.BytesToClient);
        Assert.InRange(ending.BytesToTarget, ending.BytesToClient, sent);

        Sockets.AwaitRefused(firstAddress); // a ring that is taken apart listens for a while after its process has gone
        using Socket next = forwarder.Dial();
        next.Send("still"u8);
        using Socket server = second.AcceptSoon();
        Assert.Equal("still"u8.ToArray(), server.ReadExactly(5));
    }

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task A_killed_forwarder_invents_nothing_and_another_takes_its_place(string backend)
    {
        using ForwardProgram forwarder = await ForwardProgram.Start(backend);
        (Socket client, Socket server) = forwarder.Connect();
        byte[] up = Sockets.Pattern(1 << 24);
        byte[] down = [.. up];
        Array.Reverse(down);
        long sentUp = 0;
        long sentDown = 0;
        Companion asking = Companion.Start(() => sentUp = SendWithoutEnd(client, up));
        Companion answering = Companion.Start(() => sentDown = SendWithoutEnd(server, down));
        byte[] firstUp = server.ReadExactly(Some);
        byte[] firstDown = client.ReadExactly(Some);
        forwarder.Kill();
        (byte[] restUp, SocketError errorUp) = server.ReadAll();
        (byte[] restDown, SocketError errorDown) = client.ReadAll();
        asking.Join();
        answering.Join();
        AssertEnd(errorUp);
        AssertEnd(errorDown);
        AssertBeginning(up, [.. firstUp, .. restUp], sentUp);
        AssertBeginning(down, [.. firstDown, .. restDown], sentDown);

        Sockets.AwaitRefused(forwarder.Address);
        using ForwardProgram next = await ForwardProgram.Start(backend, listen: forwarder.Address);
        next.AssertServes();
        await next.End();
    }

    private static string OwnAddress() => OwnPorts.Next(IPAddress.Loopback).ToString();

    // Sends the pattern over and over until that is no longer possible, and gives what was taken at the most.
    private static long SendWithoutEnd(Socket socket, byte[] pattern)
    {
        const int Piece = 64 * 1024;
        const long TooMuch = 1L << 30;
        for (long sent = 0; sent < TooMuch; sent += Piece)
        {
            try
            {
                socket.Send(pattern, (int)(sent % pattern.Length), Piece, SocketFlags.None);
            }
            catch (SocketException)
            {
                // .NET tells a reset in the middle of a piece as a timeout, so it is asked again.
                _ = socket.Send(pattern, 0, 1, SocketFlags.None, out SocketError error);
                Assert.True(error is SocketError.ConnectionReset or SocketError.Shutdown, $"{error}");
                return sent + Piece;
            }
        }

        throw new InvalidOperationException("somebody takes everything and passes nothing on");
    }

    // A process that goes with something unread resets its connection, and else ends it (RFC 2525, 2.17).
    private static void AssertEnd(SocketError error) =>
        Assert.True(error is SocketError.Success or SocketError.ConnectionReset, $"{error}");

    // Fails where these bytes are not the beginning of a pattern that was sent over and over.
    private static void AssertBeginning(byte[] pattern, ReadOnlySpan<byte> bytes, long sent)
    {
        Assert.InRange(bytes.Length, 1, sent);
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, pattern.Length);
            Assert.True(bytes[..length].SequenceEqual(pattern.AsSpan(0, length)), "this is not what was sent");
            bytes = bytes[length..];
        }
    }
}
