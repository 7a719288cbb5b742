using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

public class TimeSampleTests
{
    private const long Time1970 = 2208988800;

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    [Fact]
    public void TheServerTellsTheTimeAndCloses()
    {
        using var program = ChildProgram.Start("TimeServer", "127.0.0.1:0");
        long before = Now;
        using Socket client = Sockets.Dial(program.ReadAddress());
        byte[] answer = client.ReadToEnd();
        long after = Now;
        Assert.Equal(4, answer.Length);
        uint told = BinaryPrimitives.ReadUInt32BigEndian(answer);
        uint late = told - (uint)(before + Time1970);
        Assert.InRange(late, 0u, (uint)(after - before));
        Assert.Empty(program.Stop());
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(-1_000_000)]
    public void TheClientTellsTheDifferenceAlsoWhenTheBytesComeOneAtATime(int difference)
    {
        using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
        using var program = ChildProgram.Start("TimeClient", listener.LocalEndPoint!.ToString()!);
        using Socket connection = listener.AcceptSoon();
        connection.NoDelay = true;
        long before = Now;
        byte[] time = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(time, (uint)(before - difference + Time1970));
        foreach (byte each in time)
        {
            connection.Send([each]);
        }

        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal((0, string.Empty), (status, errors));
        const string Says = "time difference is ";
        Assert.StartsWith(Says, output, StringComparison.Ordinal);
        long told = long.Parse(output.AsSpan(Says.Length).TrimEnd(), CultureInfo.InvariantCulture);
        Assert.InRange(told, difference, difference + Now - before);
        Assert.Empty(connection.ReadToEnd());
    }

    [Fact]
    public void ServerAndClientUnderstandEachOther()
    {
        using var server = ChildProgram.Start("TimeServer", "127.0.0.1:0");
        long before = Now;
        using var client = ChildProgram.Start("TimeClient", server.ReadAddress().ToString());
        (int status, string output, _) = client.WaitForExit();
        Assert.Equal(0, status);
        Assert.InRange(int.Parse(output.Split(' ')[^1], CultureInfo.InvariantCulture), 0, Now - before);
        Assert.Empty(server.Stop());
    }

    [Fact]
    public void FewerThanFourBytesAreNoTime()
    {
        using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
        using var program = ChildProgram.Start("TimeClient", listener.LocalEndPoint!.ToString()!);
        using (Socket connection = listener.Accept())
        {
            connection.Send(new byte[3]);
        }

        Assert.Equal((1, string.Empty, "the server sent 3 of four bytes\n"), program.WaitForExit());
    }

    [Fact]
    public void ARefusalIsOneLine()
    {
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        using var program = ChildProgram.Start("TimeClient", nobody.LocalEndPoint!.ToString()!);
        Assert.Equal((1, string.Empty, "no connection: Connection refused\n"), program.WaitForExit());
    }
}
