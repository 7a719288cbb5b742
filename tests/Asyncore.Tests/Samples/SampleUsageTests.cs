using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

public class SampleUsageTests
{
    private const string AnyPort = "127.0.0.1:0";

    public static TheoryData<string, string[]> WrongUsages => new()
    {
        { "BasicHttpClient", [] },
        { "BasicHttpClient", ["127.0.0.1:http"] },
        { "BasicHttpClient", ["127.0.0.1:80", "/", "more"] },
        { "ChatRoom", ["--listen", AnyPort] },
        { "ChatRoom", ["nowhere:"] },
        { "EchoAccept", ["127.0.0.1"] },
        { "EchoAccept", [AnyPort, AnyPort] },
        { "EchoAccepted", ["127.0.0.1:65536"] },
        { "EchoAccepted", [AnyPort, AnyPort] },
        { "HttpConsumer", [] },
        { "HttpConsumer", ["127.0.0.1/page"] },
        { "HttpRedirect", [] },
        { "HttpRedirect", ["http://127.0.0.1/", "http://127.0.0.1/"] },
        { "PortForwarder", [] },
        { "PortForwarder", ["127.0.0.1"] },
        { "PortForwarder", [AnyPort, ":0"] },
        { "Smtpd", [] },
        { "Smtpd", ["--listen", AnyPort] },
        { "Smtpd", ["--listen", AnyPort, "--maildir"] },
        { "Smtpd", ["--listen", AnyPort, "--listen", AnyPort] },
        { "Smtpd", ["--listen", "127.0.0.1", "--maildir", "unused"] },
        { "Smtpd", ["--listen", AnyPort, "--maildir", "unused", "--size", "0"] },
        { "Smtpd", ["--listen", AnyPort, "--maildir", "unused", "--size", "4GB"] },
        { "Smtpd", ["--listen", AnyPort, "--maildir", "unused", "--verbose", "1"] },
        { "Smtpd", ["--listen", AnyPort, "--maildir", "unused", "--size", "1", "more"] },
        { "TimeClient", [] },
        { "TimeClient", ["::1"] },
        { "TimeServer", ["--listen", AnyPort] },
        { "TimeServer", ["localhost:-1"] },
    };

    [Theory, MemberData(nameof(WrongUsages))]
    public void WrongUsageIsToldAndNothingStarts(string sample, string[] arguments)
    {
        using var program = ChildProgram.Start(sample, arguments);
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal(2, status);
        Assert.Empty(output);
        Assert.Contains($"usage: {sample} ", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ChatRoom")]
    [InlineData("EchoAccept")]
    [InlineData("EchoAccepted")]
    [InlineData("TimeServer")]
    [InlineData("PortForwarder", "127.0.0.1:1")]
    public void APortInUseIsOneLine(string sample, params string[] before)
    {
        using Socket owner = Sockets.Listen(AddressFamily.InterNetwork);
        using var program = ChildProgram.Start(sample, [.. before, owner.LocalEndPoint!.ToString()!]);
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal(1, status);
        Assert.Empty(output);
        Assert.Equal($"{sample}: Address already in use\n", errors);
    }

    [Theory]
    [InlineData("ChatRoom")]
    [InlineData("EchoAccept")]
    [InlineData("EchoAccepted")]
    [InlineData("TimeServer")]
    [InlineData("PortForwarder", "127.0.0.1:1")]
    public void AServerEndsOnSigInt(string sample, params string[] before)
    {
        Assert.SkipWhen(ChildProgram.IsIgnored(ChildProgram.Interrupt), "SIGINT is ignored where the tests run");
        using var program = ChildProgram.Start(sample, [.. before, AnyPort]);
        Assert.Equal(IPAddress.Loopback, program.ReadAddress().Address);
        program.Signal(ChildProgram.Interrupt);
        Assert.Equal((0, string.Empty, string.Empty), program.WaitForExit());
    }
}
