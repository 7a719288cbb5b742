using System.Text;
using Asyncore.Protocols;
using Xunit;

namespace Asyncore.Tests.Http;

public class HttpRequestTests
{
    private static readonly UriCreationOptions _raw = new() { DangerousDisablePathAndQueryCanonicalization = true };

    [Fact]
    public void A_whole_request()
    {
        string expected = "GET /a?b=c HTTP/1.1\r\nHost: example.org\r\n"
            + $"User-Agent: {HttpRequest.DefaultUserAgent}\r\n"
            + "Accept-Encoding: identity\r\nConnection: close\r\n\r\n";
        Assert.Equal(expected, Format("http://example.org/a?b=c#d"));
    }

    [Fact]
    public void A_head_request()
    {
        string request = Encoding.ASCII.GetString(HttpRequest.Format(new Uri("http://h/"), "HEAD"));
        Assert.StartsWith("HEAD / HTTP/1.1\r\nHost: h\r\n", request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h", "/", "h")]
    [InlineData("http://h:80/", "/", "h")]
    [InlineData("http://h:8080/", "/", "h:8080")]
    [InlineData("HTTP://Example.ORG/A", "/A", "example.org")]
    [InlineData("http://h?q", "/?q", "h")]
    [InlineData("http://user:secret@h/x", "/x", "h")]
    [InlineData("http://127.0.0.1:1/", "/", "127.0.0.1:1")]
    [InlineData("http://[::1]/", "/", "[::1]")]
    [InlineData("http://[::1]:8080/", "/", "[::1]:8080")]
    [InlineData("http://[fe80::1%25eth0]:8080/", "/", "[fe80::1]:8080")]
    [InlineData("http://b\u00FCcher.example/\u00FC", "/%C3%BC", "xn--bcher-kva.example")]
    [InlineData("http://h/a b/%7e/%2F?c d", "/a%20b/~/%2F?c%20d", "h")]
    [InlineData("http://h/a/../b/./c", "/b/c", "h")]
    public void Target_and_host(string uri, string target, string host)
    {
        string[] lines = Format(uri).Split("\r\n");
        Assert.Equal($"GET {target} HTTP/1.1", lines[0]);
        Assert.Equal("Host: " + host, lines[1]);
    }

    [Theory]
    [InlineData("http://[::1]:8080/", "::1")]
    [InlineData("http://[fe80::1%25eth0]/", "fe80::1%eth0")]
    [InlineData("http://127.0.0.1/", "127.0.0.1")]
    [InlineData("http://b\u00FCcher.example/", "xn--bcher-kva.example")]
    public void The_host_to_connect_to(string uri, string host)
    {
        Assert.Equal(host, HttpUri.ConnectHost(new Uri(uri)));
    }

    [Fact]
    public void More_fields_are_added_and_replace_those_that_may_be_replaced()
    {
        string request = Format("http://h/", ("X-One", "a\tb \u00E9"), ("user-agent", "me"), ("ACCEPT-ENCODING", "br"));
        string expected = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            + "X-One: a\tb \u00E9\r\nuser-agent: me\r\nACCEPT-ENCODING: br\r\n\r\n";
        Assert.Equal(expected, request);
    }

    [Theory]
    [InlineData("A", "1\r\nB: 2")]
    [InlineData("A", "1\n")]
    [InlineData("A", "1\r")]
    [InlineData("A", "1\0")]
    [InlineData("A", "\x7F")]
    [InlineData("A", "\x85")]
    [InlineData("A", "\u010A")]
    [InlineData("A", "\u560A")]
    [InlineData("A\r\nB", "1")]
    [InlineData("A: 1\r\nB", "1")]
    [InlineData("A ", "1")]
    [InlineData("", "1")]
    [InlineData("\u00C4", "1")]
    [InlineData("Host", "other")]
    [InlineData("content-length", "1")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Connection", "keep-alive")]
    [InlineData("Upgrade", "h2c")]
    [InlineData("TE", "gzip")]
    [InlineData("Expect", "100-continue")]
    public void A_field_that_could_change_the_request_is_refused(string name, string value)
    {
        ArgumentException error = Assert.Throws<ArgumentException>("fields", () => Format("http://h/", (name, value)));
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain('\r', error.Message);
    }

    [Theory]
    [InlineData("http://h/a b")]
    [InlineData("http://h/a HTTP/1.1\r\nX: y\r\n\r\n")]
    [InlineData("http://h/\u00FC")]
    public void A_target_that_is_not_escaped_is_refused(string text)
    {
        var uri = new Uri(text, in _raw);
        Assert.Throws<ArgumentException>("uri", () => HttpRequest.Format(uri));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("get")]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("")]
    public void Methods_other_than_get_and_head_are_refused(string method)
    {
        Assert.Throws<ArgumentException>("method", () => HttpRequest.Format(new Uri("http://h/"), method));
    }

    [Fact]
    public void Https_is_refused_by_name()
    {
        NotSupportedException error =
            Assert.Throws<NotSupportedException>(() => HttpRequest.Format(new Uri("https://h/")));
        Assert.Equal("https is not supported (there is no TLS yet)", error.Message);
    }

    [Theory]
    [InlineData("ftp://h/", "ftp")]
    [InlineData("file:///etc/passwd", "file")]
    public void Other_schemes_are_refused_by_name(string uri, string scheme)
    {
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => HttpRequest.Format(new Uri(uri)));
        Assert.Equal($"the scheme '{scheme}' is not supported, only http", error.Message);
    }

    [Fact]
    public void A_relative_uri_is_refused()
    {
        Assert.Throws<ArgumentException>("uri", () => HttpRequest.Format(new Uri("a/b", UriKind.Relative)));
        Assert.Throws<ArgumentNullException>("uri", () => HttpRequest.Format(null!));
    }

    [Theory]
    [InlineData("http://h/a", "http://h/b", true)]
    [InlineData("http://h/a", "http://H:80/b", true)]
    [InlineData("http://h/a", "http://h:81/b", false)]
    [InlineData("http://h/a", "http://i/b", false)]
    [InlineData("http://h.a/a", "http://x.h.a/b", false)]
    public void Credentials_stay_with_their_server(string from, string to, bool kept)
    {
        KeyValuePair<string, string>[] fields =
            Pairs(("Authorization", "Basic x"), ("cookie", "a=1"), ("Accept", "*/*"));
        IEnumerable<KeyValuePair<string, string>> after =
            HttpRequest.FieldsAfterRedirect(new Uri(from), new Uri(to), fields);
        Assert.Equal(kept ? fields : fields[2..], after);
    }

    private static string Format(string uri, params (string Name, string Value)[] fields)
    {
        return Encoding.Latin1.GetString(HttpRequest.Format(new Uri(uri), fields: Pairs(fields)));
    }

    private static KeyValuePair<string, string>[] Pairs(params (string Name, string Value)[] fields)
    {
        return [.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))];
    }
}
