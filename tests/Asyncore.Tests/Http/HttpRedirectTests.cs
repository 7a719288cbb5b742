using Asyncore.Protocols;
using Xunit;

namespace Asyncore.Tests.Http;

public class HttpRedirectTests
{
    private static readonly Uri _from = new("http://h:8080/a/b?c#frag");

    [Theory]
    [InlineData(301, true)]
    [InlineData(302, true)]
    [InlineData(303, true)]
    [InlineData(307, true)]
    [InlineData(308, true)]
    [InlineData(200, false)]
    [InlineData(201, false)]
    [InlineData(300, false)]
    [InlineData(304, false)]
    [InlineData(305, false)]
    [InlineData(306, false)]
    [InlineData(404, false)]
    public void Statuses_that_redirect(int status, bool expected)
    {
        Assert.Equal(expected, HttpRedirect.IsRedirect(status));
    }

    [Theory]
    [InlineData("http://i/x", "http://i/x#frag")]
    [InlineData("http://i", "http://i/#frag")]
    [InlineData("HTTP://I:80/x", "http://i/x#frag")]
    [InlineData("/x", "http://h:8080/x#frag")]
    [InlineData("x", "http://h:8080/a/x#frag")]
    [InlineData("../x", "http://h:8080/x#frag")]
    [InlineData("../../../x", "http://h:8080/x#frag")]
    [InlineData("?d", "http://h:8080/a/b?d#frag")]
    [InlineData("//i/x", "http://i/x#frag")]
    [InlineData("/x:y", "http://h:8080/x:y#frag")]
    [InlineData("x#new", "http://h:8080/a/x#new")]
    [InlineData("#new", "http://h:8080/a/b?c#new")]
    [InlineData("x#", "http://h:8080/a/x#")]
    [InlineData("/a b", "http://h:8080/a%20b#frag")]
    [InlineData("/caf\u00C3\u00A9", "http://h:8080/caf%C3%A9#frag")]
    [InlineData("/caf\u00E9", "http://h:8080/caf%E9#frag")]
    [InlineData("http://[::1]:81/", "http://[::1]:81/#frag")]
    public void Locations_relative_and_absolute(string location, string expected)
    {
        Assert.Equal(expected, Resolve(location).AbsoluteUri);
    }

    [Fact]
    public void A_host_in_utf8_is_a_host()
    {
        Assert.Equal("xn--bcher-kva.example", Resolve("http://b\u00C3\u00BCcher.example/").IdnHost);
    }

    [Theory]
    [InlineData("http://h/a")]
    [InlineData("http://h/a#")]
    public void Without_a_fragment_none_is_inherited(string from)
    {
        HttpHeaderCollection header = HttpHeaderCollectionTests.Make(("Location", "/x"));
        Assert.Equal("/x", HttpRedirect.Resolve(new Uri(from), header).PathAndQuery);
        Assert.True(HttpRedirect.Resolve(new Uri(from), header).Fragment is "" or "#");
    }

    [Fact]
    public void A_location_that_comes_twice_is_one()
    {
        HttpHeaderCollection header = HttpHeaderCollectionTests.Make(("Location", "/x"), ("location", "/x"));
        Assert.Equal("/x", HttpRedirect.Resolve(_from, header).PathAndQuery);
    }

    [Theory]
    [InlineData("http://", "with the malformed Location 'http://'")]
    [InlineData("http:///x", "with the malformed Location 'http:///x'")]
    [InlineData("http://i:99999/", "with the malformed Location 'http://i:99999/'")]
    [InlineData("http://[::1/", "with the malformed Location 'http://[::1/'")]
    [InlineData("", "with an empty Location")]
    public void Malformed_locations(string location, string what)
    {
        HttpRedirectException error = Assert.Throws<HttpRedirectException>(() => Resolve(location));
        Assert.Equal(HttpRedirectError.BadLocation, error.Error);
        Assert.Equal("redirect from http://h:8080/a/b?c " + what, error.Message);
    }

    [Fact]
    public void A_missing_location()
    {
        HttpRedirectException error = Assert.Throws<HttpRedirectException>(
            () => HttpRedirect.Resolve(_from, HttpHeaderCollectionTests.Make()));
        Assert.Equal(HttpRedirectError.MissingLocation, error.Error);
        Assert.Equal("redirect from http://h:8080/a/b?c without a Location", error.Message);
    }

    [Fact]
    public void Locations_that_differ()
    {
        HttpHeaderCollection header = HttpHeaderCollectionTests.Make(("Location", "/x"), ("Location", "/y"));
        HttpRedirectException error =
            Assert.Throws<HttpRedirectException>(() => HttpRedirect.Resolve(_from, header));
        Assert.Equal(HttpRedirectError.BadLocation, error.Error);
    }

    [Theory]
    [InlineData("https://i/", "https is not supported (there is no TLS yet)")]
    [InlineData("ftp://i/", "the scheme 'ftp' is not supported, only http")]
    [InlineData("file:///etc/passwd", "the scheme 'file' is not supported, only http")]
    [InlineData("javascript:alert(1)", "the scheme 'javascript' is not supported, only http")]
    [InlineData("C:\\x", "the scheme 'file' is not supported, only http")]
    public void Schemes_other_than_http(string location, string why)
    {
        HttpRedirectException error = Assert.Throws<HttpRedirectException>(() => Resolve(location));
        Assert.Equal(HttpRedirectError.UnsupportedScheme, error.Error);
        Assert.EndsWith(": " + why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_name_no_password_and_no_control_characters()
    {
        var from = new Uri("http://user:secret@h/a");
        HttpHeaderCollection header = HttpHeaderCollectionTests.Make(("Location", "https://i/\u009B2J"));
        HttpRedirectException error =
            Assert.Throws<HttpRedirectException>(() => HttpRedirect.Resolve(from, header));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void A_trail_up_to_its_limit()
    {
        var trail = new HttpRedirectTrail(new Uri("http://h/0"), limit: 2);
        trail.Follow(new Uri("http://h/1"));
        trail.Follow(new Uri("http://h/2"));
        Assert.Equal(2, trail.Followed);
        HttpRedirectException error =
            Assert.Throws<HttpRedirectException>(() => trail.Follow(new Uri("http://h/3")));
        Assert.Equal(HttpRedirectError.Limit, error.Error);
        Assert.Equal(
            "redirect from http://h/2 to http://h/3, after 2 redirects, which is the limit",
            error.Message);
    }

    [Theory]
    [InlineData("http://h/0")]
    [InlineData("http://h/1")]
    [InlineData("HTTP://H:80/0")]
    [InlineData("http://h/0#other")]
    public void A_trail_that_comes_back_is_a_loop(string again)
    {
        var trail = new HttpRedirectTrail(new Uri("http://h/0#frag"), limit: 1);
        trail.Follow(new Uri("http://h/1"));
        HttpRedirectException error =
            Assert.Throws<HttpRedirectException>(() => trail.Follow(new Uri(again)));
        Assert.Equal(HttpRedirectError.Loop, error.Error);
        Assert.StartsWith("redirect from http://h/1 to http://h/", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(", which was visited before: a loop", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h/0?x")]
    [InlineData("http://h/00")]
    [InlineData("http://h:81/0")]
    [InlineData("http://i/0")]
    [InlineData("http://h/A")]
    public void Another_uri_is_no_loop(string other)
    {
        var trail = new HttpRedirectTrail(new Uri("http://h/0"), limit: 10);
        trail.Follow(new Uri("http://h/a"));
        trail.Follow(new Uri(other));
        Assert.Equal(2, trail.Followed);
    }

    [Fact]
    public void A_limit_of_none_follows_none_and_a_negative_one_is_refused()
    {
        var start = new Uri("http://h/");
        HttpRedirectException error = Assert.Throws<HttpRedirectException>(
            () => new HttpRedirectTrail(start, 0).Follow(new Uri("http://h/1")));
        Assert.Equal(HttpRedirectError.Limit, error.Error);
        Assert.Throws<ArgumentOutOfRangeException>("limit", () => new HttpRedirectTrail(start, -1));
    }

    private static Uri Resolve(string location)
    {
        return HttpRedirect.Resolve(_from, HttpHeaderCollectionTests.Make(("Location", location)));
    }
}
