using Asyncore.Protocols;
using Xunit;

namespace Asyncore.Tests.Http;

public class HttpHeaderCollectionTests
{
    private static readonly HttpHeaderCollection _header = Make();

    [Theory]
    [InlineData("Server", "x")]
    [InlineData("sERVER", "x")]
    [InlineData("Vary", "a, b, c")]
    [InlineData("Set-Cookie", "a=1")]
    [InlineData("set-cookie", "a=1")]
    [InlineData("Empty", "")]
    [InlineData("Absent", null)]
    [InlineData("", null)]
    public void Values_are_found_by_name_in_any_case_and_joined(string name, string? expected)
    {
        Assert.Equal(expected, _header[name]);
        Assert.Equal(expected is not null, _header.Contains(name));
    }

    [Fact]
    public void All_values_of_a_name()
    {
        Assert.Equal(["a", "b, c"], _header.GetValues("vary"));
        Assert.Equal(["a=1", "b=2"], _header.GetValues("SET-COOKIE"));
        Assert.Empty(_header.GetValues("Absent"));
    }

    [Fact]
    public void Fields_keep_their_order_and_case()
    {
        Assert.Equal(6, _header.Count);
        Assert.Equal(
            ["Server", "Vary", "Set-Cookie", "vary", "set-cookie", "Empty"],
            _header.Select(field => field.Key));
    }

    [Fact]
    public void A_null_name_is_refused()
    {
        Assert.Throws<ArgumentNullException>(() => _header[null!]);
        Assert.Throws<ArgumentNullException>(() => _header.Contains(null!));
        Assert.Throws<ArgumentNullException>(() => _header.GetValues(null!));
    }

    internal static HttpHeaderCollection Make(params (string Name, string Value)[] fields)
    {
        var header = new HttpHeaderCollection();
        foreach ((string name, string value) in fields)
        {
            header.Add(name, value);
        }

        return header;
    }

    private static HttpHeaderCollection Make()
    {
        return Make(
            ("Server", "x"),
            ("Vary", "a"),
            ("Set-Cookie", "a=1"),
            ("vary", "b, c"),
            ("set-cookie", "b=2"),
            ("Empty", ""));
    }
}
