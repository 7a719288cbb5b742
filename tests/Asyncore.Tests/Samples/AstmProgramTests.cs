using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Samples.AstmText;

namespace Asyncore.Tests.Samples;

/// <summary>The program, against itself and against scripts.</summary>
public sealed class AstmProgramTests : IDisposable
{
    private const string Program = "AstmLink";
    private const string AnyPort = "127.0.0.1:0";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asyncore-astm-");

    public static TheoryData<string> WrongUsages =>
    [
        "",
        "serve",
        $"--listen {AnyPort}",
        "receive",
        $"receive --listen {AnyPort}",
        $"receive --listen {AnyPort} --folder",
        $"receive --listen {AnyPort} --files x",
        "receive --listen 127.0.0.1:65536 --folder x",
        $"receive --listen {AnyPort} --folder x y",
        "send",
        "send 127.0.0.1:1",
        "send 127.0.0.1 x",
    ];

    private string Received => Path.Combine(_folder.FullName, "received");

    [Theory, MemberData(nameof(WrongUsages))]
    public void WrongUsageIsToldAndNothingStarts(string arguments)
    {
        using var program = ChildProgram.Start(
            Program, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal((2, string.Empty), (status, output));
        Assert.Contains("usage: AstmLink ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void FilesAreSentReceivedAndStored()
    {
        string unix = Write("unix", "H|\\^&\nP|1|caf\u00E9\nL|1|N\n");
        string dos = Write("dos", "H|\\^&\r\nL|1|N\r\n");
        string mixed = Write("mixed", "\na\r\rb\n\r\nc");
        string large = Write("large", string.Concat(Enumerable.Repeat("R|1|^^^GLU|5.5\r", 5000)));
        using ChildProgram receiver = StartReceiver();
        string address = receiver.ReadAddress().ToString();
        using var sender = ChildProgram.Start(Program, "send", address, unix, dos, mixed, large);
        Assert.Equal((0, string.Empty, string.Empty), sender.WaitForExit());
        for (int i = 1; i <= 4; i++)
        {
            Assert.Matches($@"^received \d{{8}}T\d{{6}}-00000{i}\.astm, \d+ bytes$", receiver.ReadLine());
        }

        Assert.Empty(receiver.Stop());
        string[] expected =
        [
            "H|\\^&\rP|1|caf\u00E9\rL|1|N\r", "H|\\^&\rL|1|N\r", "\ra\r\rb\r\rc", File.ReadAllText(large),
        ];
        Assert.Equal(expected, AstmFolderTests.Messages(Received));
    }

    [Theory]
    [InlineData(ChildProgram.Interrupt)]
    [InlineData(ChildProgram.Terminate)]
    public void AReceiverEndsOnASignalAndLeavesNothingOfHalfAMessage(int signal)
    {
        Assert.SkipWhen(ChildProgram.IsIgnored(signal), "the signal is ignored where the tests run");
        using ChildProgram receiver = StartReceiver();
        using Socket peer = Sockets.Dial(receiver.ReadAddress());
        peer.Send(Bytes("<ENQ>"));
        Assert.Equal("<ACK>", Show(peer.ReadExactly(1)));
        peer.Send(Bytes(Frame(1, "whole") + Frame(2, "half", last: false)));
        Assert.Equal("<ACK><ACK>", Show(peer.ReadExactly(2)));
        Assert.Equal(["whole"], AstmFolderTests.Messages(Received)); // before it was acknowledged
        receiver.Signal(signal);
        (int status, _, string errors) = receiver.WaitForExit();
        Assert.Equal((0, string.Empty), (status, errors));
        Assert.Equal(["whole"], AstmFolderTests.Messages(Received));
    }

    [Fact]
    public void WhatIsNotAcknowledgedIsTold()
    {
        string first = Write("first", "a");
        string second = Write("second", "b");
        using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
        using var sender = ChildProgram.Start(Program, "send", $"{listener.LocalEndPoint}", first, second);
        using Socket peer = listener.AcceptSoon();
        Assert.Equal("<ENQ>", Show(peer.ReadExactly(1)));
        peer.Send(Bytes("<ACK>"));
        Assert.Equal(Frame(1, "a"), Show(peer.ReadExactly(8)));
        peer.Send(Bytes("<ACK>"));
        for (int i = 0; i < 7; i++)
        {
            Assert.Equal(Frame(2, "b"), Show(peer.ReadExactly(8)));
            peer.Send(Bytes("<NAK>"));
        }

        Assert.Equal("<EOT>", Show(peer.ReadToEnd()));
        peer.Close();
        Assert.Equal(
            (1, string.Empty, $"AstmLink: frame 2 was refused 7 times; not acknowledged: {second}\n"),
            sender.WaitForExit());
    }

    [Fact]
    public void ARefusedConnectionIsOneLine()
    {
        string file = Write("file", "a");
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        using var sender = ChildProgram.Start(Program, "send", $"{nobody.LocalEndPoint}", file);
        Assert.Equal(
            (1, string.Empty, $"AstmLink: no connection: Connection refused; not acknowledged: {file}\n"),
            sender.WaitForExit());
    }

    [Theory]
    [InlineData("a<ENQ>b", "byte 0x05 must not be in a message")]
    [InlineData(null, "Could not find file")]
    public void AFileThatCannotBeSentIsOneLineAndNothingIsSent(string? text, string why)
    {
        string good = Write("good", "a");
        string bad = Path.Combine(_folder.FullName, "none");
        if (text is not null)
        {
            bad = Write("bad", Encoding.Latin1.GetString(Bytes(text)));
        }

        using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
        using var sender = ChildProgram.Start(Program, "send", $"{listener.LocalEndPoint}", good, bad);
        (int status, string output, string errors) = sender.WaitForExit();
        Assert.Equal((1, string.Empty), (status, output));
        Assert.StartsWith("AstmLink: ", errors, StringComparison.Ordinal);
        Assert.Contains(why, errors, StringComparison.Ordinal);
        Assert.Equal(1, errors.Count(each => each == '\n'));
        Assert.False(listener.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public void APortInUseAndAFolderThatCannotBeAreOneLine()
    {
        using Socket owner = Sockets.Listen(AddressFamily.InterNetwork);
        using var first = ChildProgram.Start(
            Program, "receive", "--listen", $"{owner.LocalEndPoint}", "--folder", Received);
        Assert.Equal((1, string.Empty, "AstmLink: Address already in use\n"), first.WaitForExit());
        string file = Write("file", "a");
        using var second = ChildProgram.Start(Program, "receive", "--listen", AnyPort, "--folder", file);
        (int status, string output, string errors) = second.WaitForExit();
        Assert.Equal((1, string.Empty), (status, output));
        Assert.StartsWith("AstmLink: ", errors, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private ChildProgram StartReceiver() =>
        ChildProgram.Start(Program, "receive", "--folder", Received, "--listen", AnyPort);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text, Encoding.Latin1);
        return path;
    }
}
