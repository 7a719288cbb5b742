using System.Text.Json;
using System.Text.RegularExpressions;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>The schema tells editors what the reader takes.</summary>
public sealed class ConfigurationSchemaTests : IDisposable
{
    private const string SchemaFile = "src/Asyncore.Forwarding/Configuration/forwarder.schema.json";

    private readonly JsonDocument _schema = JsonDocument.Parse(ForwardConfiguration.Schema);

    private JsonElement Root => _schema.RootElement;

    public void Dispose() => _schema.Dispose();

    [Fact]
    public void It_is_the_file_in_the_repository() =>
        Assert.Equal(File.ReadAllText(Repository.PathOf(SchemaFile)), ForwardConfiguration.Schema);

    [Fact]
    public void It_has_the_keys_that_are_read()
    {
        HasKeys(ConfigurationKeys.Service, Root);
        HasKeys(ConfigurationKeys.Listener, Definition("listener"));
        HasKeys(ConfigurationKeys.Target, Definition("target"));
        HasKeys(ConfigurationKeys.Faults, Definition("faults"));
        HasKeys(ConfigurationKeys.Direction, Definition("direction"));
        Assert.Equal(5, Objects(Root).Count());
    }

    [Fact]
    public void It_has_the_choices_that_are_read()
    {
        JsonElement balance = Definition("listener").GetProperty("properties").GetProperty("balance");
        Assert.Equal(ConfigurationKeys.Balances.Select(each => each.Name), Texts(balance.GetProperty("enum")));
        Assert.Equal(
            ConfigurationKeys.ProxyVersions.Select(each => each.Name),
            Texts(Definition("proxyVersion").GetProperty("enum")));
        Assert.Equal(Enum.GetValues<BalancePolicy>(), ConfigurationKeys.Balances.Select(each => each.Value));
        Assert.Equal(Enum.GetValues<ProxyVersion>(), ConfigurationKeys.ProxyVersions.Select(each => each.Value));
    }

    [Fact]
    public void Its_defaults_are_those_of_the_options()
    {
        string[] defaults =
        [
            .. Definition("listener").GetProperty("properties").EnumerateObject()
                .Where(each => each.Value.TryGetProperty("default", out _))
                .Select(each => $"\"{each.Name}\": {each.Value.GetProperty("default").GetRawText()}"),
        ];
        Assert.Equal(10, defaults.Length);
        Assert.Equal(Written.Listener(string.Empty), Written.Listener(string.Join(',', defaults)));
        string drain = Root.GetProperty("properties").GetProperty("drain").GetProperty("default").GetString()!;
        Assert.True(Quantity.TryParseDuration(drain, out TimeSpan duration));
        Assert.Equal(new ServiceOptions { Listeners = [] }.DrainTimeout, duration);
    }

    [Fact]
    public void What_can_be_said_of_a_key_is_said()
    {
        IEnumerable<JsonProperty> properties =
            Objects(Root).SelectMany(each => each.GetProperty("properties").EnumerateObject());
        Assert.All(properties, property =>
        {
            bool refers = property.Value.TryGetProperty("$ref", out JsonElement reference);
            JsonElement definition = refers ? Definition(reference.GetString()!["#/$defs/".Length..]) : property.Value;
            Assert.True(
                property.Value.TryGetProperty("description", out _) || definition.TryGetProperty("description", out _),
                property.Name);
        });
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0s")]
    [InlineData("0.0s")]
    [InlineData("5")]
    [InlineData("5s")]
    [InlineData("1.5h")]
    [InlineData("1.h")]
    [InlineData(".5h")]
    [InlineData("250ms")]
    [InlineData("1d")]
    [InlineData("-1d")]
    [InlineData("1 s")]
    [InlineData("100B")]
    [InlineData("64KB")]
    [InlineData("64KiB")]
    [InlineData("64kb")]
    [InlineData("1TiB")]
    [InlineData("1PB")]
    [InlineData("1MB/s")]
    [InlineData("1.5MiB/s")]
    [InlineData("100/s")]
    [InlineData("/s")]
    [InlineData("0B/s")]
    [InlineData("")]
    public void Its_patterns_are_what_quantities_are(string text)
    {
        bool isDuration = Quantity.TryParseDuration(text, out TimeSpan duration);
        bool isRate = Quantity.TryParseRate(text, out long rate);
        Assert.Equal(isDuration, Matches("duration", text));
        Assert.Equal(isDuration && duration > TimeSpan.Zero, Matches("period", text));
        Assert.Equal(isRate && rate > 0, Matches("rate", text));
        Assert.Equal(
            Quantity.TryParseBytes(text, out _),
            Regex.IsMatch(text, Definition("bytes").GetProperty("anyOf")[0].GetProperty("pattern").GetString()!));
    }

    [Fact]
    public void Its_examples_are_what_is_read()
    {
        Assert.All(Examples("duration"), text => Assert.True(Quantity.TryParseDuration(text, out _)));
        Assert.All(Examples("period"), text => Assert.True(Quantity.TryParseDuration(text, out _)));
        Assert.All(Examples("bytes"), text => Assert.True(Quantity.TryParseBytes(text, out _)));
        Assert.All(Examples("rate"), text => Assert.True(Quantity.TryParseRate(text, out _)));
        Assert.All(Examples("targetAddress"), text =>
        {
            Assert.True(EndPointText.TryParse(text, listen: false, out _, out _));
            Assert.True(Matches("targetAddress", text));
        });

        JsonElement listen = Definition("listener").GetProperty("properties").GetProperty("listen");
        Assert.All(Texts(listen.GetProperty("examples")), text =>
        {
            Assert.True(EndPointText.TryParse(text, listen: true, out _, out _));
            Assert.True(Matches("address", text));
        });

        JsonElement networks = Definition("networks").GetProperty("items");
        Assert.All(Texts(networks.GetProperty("examples")), text =>
        {
            Assert.True(NetworkText.TryParse(text, out _, out _));
            Assert.Matches(networks.GetProperty("pattern").GetString()!, text);
        });
    }

    private static void HasKeys<T>(KeyTable<T> table, JsonElement definition)
    {
        Assert.Equal(table.Names, definition.GetProperty("properties").EnumerateObject().Select(each => each.Name));
        bool hasRequired = definition.TryGetProperty("required", out JsonElement required);
        Assert.Equal(table.Required, hasRequired ? Texts(required) : []);
        Assert.False(definition.GetProperty("additionalProperties").GetBoolean());
    }

    private static IEnumerable<JsonElement> Objects(JsonElement root) =>
        root.GetProperty("$defs").EnumerateObject().Select(each => each.Value).Prepend(root)
            .Where(each => each.TryGetProperty("properties", out _));

    private static IEnumerable<string> Texts(JsonElement list) =>
        list.EnumerateArray().Select(each => each.GetString()!);

    private JsonElement Definition(string name) => Root.GetProperty("$defs").GetProperty(name);

    private IEnumerable<string> Examples(string name) => Texts(Definition(name).GetProperty("examples"));

    private bool Matches(string name, string text) =>
        Regex.IsMatch(text, Definition(name).GetProperty("pattern").GetString()!);
}
