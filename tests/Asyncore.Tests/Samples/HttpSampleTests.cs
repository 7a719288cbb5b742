using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

public class HttpSampleTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nX-Test: yes\r\nContent-Length: 5\r\n\r\nhello";

    [Fact]
    public void TheBasicClientWritesWhatTheServerSends()
    {
        string body = Encoding.Latin1.GetString(Sockets.Pattern(200_000));
        using var server = new PlainHttpServer($"HTTP/1.0 200 OK\r\n\r\n{body}");
        using var program = ChildProgram.Start("BasicHttpClient", server.Address.ToString(), "/page");
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal((0, string.Empty), (status, errors));
        Assert.Equal($"HTTP/1.0 200 OK\r\n\r\n{body}", output);
        Assert.Equal("GET /page HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", Assert.Single(server.Join()));
    }

    [Fact]
    public void TheBasicClientSaysWhyThereIsNoAnswer()
    {
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        using var program = ChildProgram.Start("BasicHttpClient", nobody.LocalEndPoint!.ToString()!);
        Assert.Equal((1, string.Empty, "Connection refused\n"), program.WaitForExit());
    }

    [Fact]
    public void TheConsumerIsToldTheHeaderAndFedTheBody()
    {
        using var server = new PlainHttpServer(Hello);
        using var program = ChildProgram.Start("HttpConsumer", server.Uri("/a?b"));
        const string Says = "status => 200 OK\nX-Test = yes\nContent-Length = 5\n5 bytes in body\n";
        Assert.Equal((0, Says, string.Empty), program.WaitForExit());
        string request = Assert.Single(server.Join());
        Assert.StartsWith($"GET /a?b HTTP/1.1\r\nHost: {server.Address}\r\n", request, StringComparison.Ordinal);
    }

    [Fact]
    public void TheConsumerIsToldThatTheBodyIsTooShort()
    {
        using var server = new PlainHttpServer(Hello[..^1]);
        using var program = ChildProgram.Start("HttpConsumer", server.Uri("/"));
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal(1, status);
        Assert.DoesNotContain("in body", output, StringComparison.Ordinal);
        Assert.StartsWith("failed: ", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HttpConsumer")]
    [InlineData("HttpRedirect")]
    public void ThereIsNoTls(string sample)
    {
        using var program = ChildProgram.Start(sample, "https://127.0.0.1:1/");
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal((1, string.Empty), (status, output));
        Assert.StartsWith($"{sample}: https is not supported", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void RedirectsAreFollowed()
    {
        using var server = new PlainHttpServer(
            "HTTP/1.1 301 Moved Permanently\r\nLocation: next\r\nContent-Length: 4\r\n\r\ngone",
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: /c\r\n\r\n",
            Hello);
        using var program = ChildProgram.Start("HttpRedirect", server.Uri("/a/b"));
        string says = $"redirecting to {server.Uri("/a/next")} ...\nredirecting to {server.Uri("/c")} ...\n"
            + "status => 200 OK\n5 bytes in body\n";
        Assert.Equal((0, says, string.Empty), program.WaitForExit());
        Assert.Equal(["/a/b", "/a/next", "/c"], server.Join().Select(request => request.Split(' ')[1]));
    }

    [Fact]
    public void RedirectsWithoutEndAreAFailure()
    {
        const string Again = "HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n";
        using var server = new PlainHttpServer([.. Enumerable.Repeat(Again, 11)]);
        using var program = ChildProgram.Start("HttpRedirect", server.Uri("/again"));
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal((1, "failed: more than 10 redirects\n"), (status, errors));
        Assert.Equal(10, output.Split("redirecting to ").Length - 1);
        Assert.Equal(11, server.Join().Count);
    }

    [Fact]
    public void ARedirectToHttpsIsAFailure()
    {
        using var server = new PlainHttpServer("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\n\r\n");
        using var program = ChildProgram.Start("HttpRedirect", server.Uri("/"));
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal((1, string.Empty), (status, output));
        Assert.StartsWith("failed: https is not supported", errors, StringComparison.Ordinal);
    }
}
