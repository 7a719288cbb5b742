using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>What is wrong with a file is said of its line, column and key; ¦ marks the place.</summary>
public class ConfigurationErrorTests
{
    private const string Duration = "is not a duration such as 250ms, 5s or 2m";
    private const string Whole = "is not a whole number from 1 to 2147483647";

    [Theory]
    [InlineData("¦\"idleTimout\": \"5s\"", "idleTimout", "unknown key 'idleTimout'; did you mean 'idleTimeout'?")]
    [InlineData("¦\"max_connections\": 1", "max_connections",
        "unknown key 'max_connections'; did you mean 'maxConnections'?")]
    [InlineData("¦\"BALANCE\": 1", "BALANCE", "unknown key 'BALANCE'; did you mean 'balance'?")]
    [InlineData("¦\"dney\": []", "dney", "unknown key 'dney'; did you mean 'deny'?")]
    [InlineData("¦\"tls\": {}", "tls", "unknown key 'tls'")]
    [InlineData("¦\"\": {}", "", "unknown key ''")]
    [InlineData("¦\"a\\nb\": {}", "a\\u000ab", "unknown key 'a\\u000ab'")]
    [InlineData("¦\"listen\": \":81\"", "listen", "the key is in line 2 already")]
    [InlineData("\"rate\": \"1/s\",\n\n¦\"r\\u0061te\": \"1/s\"", "rate", "the key is in line 3 already")]
    public void Keys(string members, string key, string problem) =>
        Written.IsWrong(Written.InListener(members), $"listeners[0].{key}", problem);

    [Theory]
    [InlineData("connectTimeout", "\"5x\"", $"'5x' {Duration}")]
    [InlineData("connectTimeout", "5", $"5 {Duration}")]
    [InlineData("connectTimeout", "-5e3", $"-5e3 {Duration}")]
    [InlineData("connectTimeout", "null", $"null {Duration}")]
    [InlineData("connectTimeout", "true", $"true {Duration}")]
    [InlineData("connectTimeout", "[\"5s\"]", $"a list {Duration}")]
    [InlineData("connectTimeout", "{}", $"an object {Duration}")]
    [InlineData("connectTimeout", "\"0\"", "'0' is not a duration above zero")]
    [InlineData("idleTimeout", "\"0s\"", "'0s' is not a duration above zero")]
    [InlineData("lifetime", "\"-1s\"", $"'-1s' {Duration}")]
    [InlineData("resolveEvery", "\"24.1d\"", "'24.1d' is longer than 24d")]
    [InlineData("restFor", "\"0ms\"", "'0ms' is not a duration above zero")]
    [InlineData("proxyHeaderTimeout", "\"0\"", "'0' is not a duration above zero")]
    [InlineData("name", "7", "7 is not a name")]
    [InlineData("name", "\"\"", "'' is not a name of 1 to 100 characters that print")]
    [InlineData("name", "\"a\\tb\"", "'a\\u0009b' is not a name of 1 to 100 characters that print")]
    [InlineData("balance", "\"random\"", "'random' is not one of roundRobin, leastConnections, firstAvailable")]
    [InlineData("balance", "1", "1 is not one of roundRobin, leastConnections, firstAvailable")]
    [InlineData("sendProxy", "\"V1\"", "'V1' is not one of none, v1, v2")]
    [InlineData("acceptProxy", "\"true\"", "'true' is neither true nor false")]
    [InlineData("acceptProxy", "1", "1 is neither true nor false")]
    [InlineData("backlog", "0", $"0 {Whole}")]
    [InlineData("backlog", "1.5", $"1.5 {Whole}")]
    [InlineData("backlog", "1e3", $"1e3 {Whole}")]
    [InlineData("backlog", "\"5\"", $"'5' {Whole}")]
    [InlineData("maxConnections", "-1", $"-1 {Whole}")]
    [InlineData("maxConnectionsPerClient", "2147483648", $"2147483648 {Whole}")]
    [InlineData("rate", "\"1MB\"", "'1MB' is not a rate such as 1MB/s or 500KiB/s")]
    [InlineData("rate", "1000", "1000 is not a rate such as 1MB/s or 500KiB/s")]
    [InlineData("totalRate", "\"0B/s\"", "'0B/s' is not a rate above zero")]
    [InlineData("highWater", "\"64kb\"", "'64kb' is not a size such as 100B, 64KB or 64KiB")]
    [InlineData("highWater", "-1", "-1 is not a size such as 100B, 64KB or 64KiB")]
    [InlineData("highWater", "true", "true is not a size such as 100B, 64KB or 64KiB")]
    [InlineData("highWater", "0", "0 is less than 1B")]
    [InlineData("lowWater", "\"2B\"", "'2B' is above highWater, which is 1B")]
    [InlineData("allow", "\"10.0.0.0/8\"", "'10.0.0.0/8' is not a list of networks")]
    [InlineData("faults", "true", "true is not an object with toTarget and toClient")]
    public void Values_of_a_listener(string key, string value, string problem)
    {
        string members = $"\"name\": \"x\",\n \"{key}\": ¦{value}";
        string marked = Written.InListener(key == "name" ? $"\"{key}\": ¦{value}" : members);
        Written.IsWrong(marked, $"listeners[0].{key}", problem);
    }

    [Theory]
    [InlineData("\"allow\": [\"::1\", ¦\"10.1.2.3/8\"]", "allow[1]",
        "'10.1.2.3/8' has host bits set; '10.0.0.0/8' is probably meant")]
    [InlineData("\"deny\": [¦8]", "deny[0]", "8 is not a network or address such as 10.0.0.0/8")]
    [InlineData("\"highWater\": \"64KB\", \"lowWater\": ¦\"64KiB\"", "lowWater",
        "'64KiB' is above highWater, which is 64KB")]
    [InlineData("\"lowWater\": ¦5, \"highWater\": \"4\"", "lowWater", "5 is above highWater, which is 4B")]
    [InlineData("\"faults\": { \"toTarget\": ¦7 }", "faults.toTarget", "7 is not an object with faults")]
    [InlineData("\"faults\": { ¦\"toClients\": 7 }", "faults.toClients",
        "unknown key 'toClients'; did you mean 'toClient'?")]
    [InlineData("\"faults\": { \"seed\": ¦2147483648 }", "faults.seed",
        "2147483648 is not a whole number from -2147483648 to 2147483647")]
    [InlineData("\"faults\": { \"toClient\": { ¦\"dealy\": \"1s\" } }", "faults.toClient.dealy",
        "unknown key 'dealy'; did you mean 'delay'?")]
    [InlineData("\"faults\": { \"toClient\": { \"jitter\": ¦\"2ms\", \"delay\": \"1ms\" } }", "faults.toClient.jitter",
        "'2ms' is above delay, which is 1ms")]
    [InlineData("\"faults\": { \"toClient\": { \"jitter\": ¦\"2ms\" } }", "faults.toClient.jitter",
        "'2ms' is above delay, which is 0")]
    [InlineData("\"faults\": { \"toClient\": { \"bandwidth\": ¦\"5\" } }", "faults.toClient.bandwidth",
        "'5' is not a rate such as 1MB/s or 500KiB/s")]
    [InlineData("\"faults\": { \"toClient\": { \"slice\": ¦\"2147483648\" } }", "faults.toClient.slice",
        "'2147483648' is more than 2147483647B")]
    [InlineData("\"faults\": { \"toClient\": { \"slice\": ¦0 } }", "faults.toClient.slice", "0 is less than 1B")]
    [InlineData("\"faults\": { \"toClient\": { \"cutAfter\": ¦0 } }", "faults.toClient.cutAfter", "0 is less than 1B")]
    [InlineData("\"faults\": { \"toClient\": { \"resetAfter\": ¦0 } }", "faults.toClient.resetAfter", $"0 {Duration}")]
    [InlineData("\"faults\": { \"toClient\": { \"stall\": ¦null } }", "faults.toClient.stall",
        "null is neither true nor false")]
    public void Values_further_in(string members, string key, string problem) =>
        Written.IsWrong(Written.InListener(members), $"listeners[0].{key}", problem);

    [Theory]
    [InlineData("¦\"a\"", "", "'a' is not a list of targets")]
    [InlineData("¦[]", "", "the list is empty; one of targets is needed at least")]
    [InlineData("[\n¦5]", "[0]", "5 is not a target: an address, or an object with one")]
    [InlineData("[\"a:1\",\n¦\"a\"]", "[1]", "'a' has no port; an address is HOST:PORT, [IPv6]:PORT or unix:PATH")]
    [InlineData("[\"a:1\", { \"address\": ¦\"a:0\" }]", "[1].address", "'a:0' does not end in a port from 1 to 65535")]
    [InlineData("[\"a:1\", ¦{ \"weight\": 1 }]", "[1]", "'address' is missing")]
    [InlineData("[{ \"address\": ¦{} }]", "[0].address",
        "an object is not an address such as 127.0.0.1:80, [::1]:80 or unix:PATH")]
    [InlineData("[{ \"address\": \"a:1\", \"weight\": ¦0 }]", "[0].weight", "0 is not a whole number from 1 to 1000")]
    [InlineData("[{ \"address\": \"a:1\", \"weight\": ¦1001 }]", "[0].weight",
        "1001 is not a whole number from 1 to 1000")]
    [InlineData("[{ \"address\": \"a:1\", \"sendProxy\": ¦1 }]", "[0].sendProxy", "1 is not one of none, v1, v2")]
    [InlineData("[{ \"address\": \"a:1\", ¦\"wieght\": 1 }]", "[0].wieght",
        "unknown key 'wieght'; did you mean 'weight'?")]
    [InlineData("[\"a:1\", ¦\"127.0.0.1:8080\"]", "[1]", "'127.0.0.1:8080' is where the listener itself listens")]
    [InlineData("[{ \"address\": ¦\"localhost:8080\" }]", "[0].address",
        "'localhost:8080' is where the listener itself listens")]
    public void Targets(string targets, string key, string problem) => Written.IsWrong(
        $$"""{"listeners": [{"listen": "127.0.0.1:8080", "targets": {{targets}}}]}""",
        $"listeners[0].targets{key}",
        problem);

    [Theory]
    [InlineData(":8080", "127.0.0.1:8080")]
    [InlineData(":8080", "0.0.0.0:8080")]
    [InlineData("[::]:8080", "[::1]:8080")]
    [InlineData("unix:/a", "unix:/a")]
    [InlineData("unix:@a", "unix:@a")]
    public void A_listener_that_is_its_own_target(string listen, string target) => Written.IsWrong(
        $$"""{"listeners": [{"targets": [¦"{{target}}"], "listen": "{{listen}}"}]}""",
        "listeners[0].targets[0]",
        $"'{target}' is where the listener itself listens");

    [Theory]
    [InlineData("127.0.0.1:80", "127.0.0.1:80")]
    [InlineData("127.0.0.1:80", "localhost:80")]
    [InlineData(":80", "127.0.0.1:80")]
    [InlineData("127.0.0.1:80", ":80")]
    [InlineData("0.0.0.0:80", ":80")]
    [InlineData("[::1]:80", "[::]:80")]
    [InlineData("[::]:80", "[fe80::1%1]:80")]
    [InlineData("unix:/a", "unix:/a")]
    [InlineData("unix:@a", "unix:@a")]
    public void Two_listeners_of_one_address(string first, string second) => Written.IsWrong(
        $$"""
        {
          "listeners": [
            { "listen": "[::2]:1", "targets": ["a.example:1"] },
            { "listen": "{{first}}", "targets": ["a.example:1"] },
            { "targets": ["a.example:1"], "listen": ¦"{{second}}" }
          ]
        }
        """,
        "listeners[2].listen",
        $"'{second}' is taken already, by listeners[1]");

    [Fact]
    public void Two_listeners_of_one_name() => Written.IsWrong(
        """
        {"listeners": [{"name": "web", "listen": ":80", "targets": ["a.example:1"]},
                       {"listen": ":81", "targets": ["a.example:1"], "name": ¦"web"}]}
        """,
        "listeners[1].name",
        "'web' is the name of listeners[0] already");

    [Theory]
    [InlineData("¦{}", "", "'listeners' is missing")]
    [InlineData("// nothing\n  ¦[]", "", "a list is not an object with listeners")]
    [InlineData("¦5", "", "5 is not an object with listeners")]
    [InlineData("{\"listeners\": ¦{}}", "listeners", "an object is not a list of listeners")]
    [InlineData("{\"listeners\": ¦[]}", "listeners", "the list is empty; one of listeners is needed at least")]
    [InlineData("{\"listeners\": [¦5]}", "listeners[0]", "5 is not a listener: an object")]
    [InlineData("{\"listeners\": [¦{}]}", "listeners[0]", "'listen' is missing")]
    [InlineData("{\"listeners\": [¦{\"listen\": \":80\"}]}", "listeners[0]", "'targets' is missing")]
    [InlineData("{\"listeners\": [¦{\"targets\": [\"a:1\"]}]}", "listeners[0]", "'listen' is missing")]
    [InlineData("{\"listeners\": [{\"listen\": ¦80}]}", "listeners[0].listen",
        "80 is not an address such as 127.0.0.1:80, [::1]:80 or unix:PATH")]
    [InlineData("{\"listeners\": [{\"listen\": ¦\"a.example:80\"}]}", "listeners[0].listen",
        "'a.example:80' is a name; to listen takes an address of this machine")]
    [InlineData("{\"drain\": ¦\"forever\"}", "drain", $"'forever' {Duration}")]
    [InlineData("{\"drain\": ¦\"25d\"}", "drain", "'25d' is longer than 24d")]
    [InlineData("{\"$schema\": ¦5}", "$schema", "5 is not the address of a schema")]
    [InlineData("{¦\"listener\": []}", "listener", "unknown key 'listener'; did you mean 'listeners'?")]
    public void The_file(string json, string key, string problem) => Written.IsWrong(json, key, problem);

    [Fact]
    public void Lines_and_columns_are_those_of_editors()
    {
        string[] jsons =
        [
            "{\n\t\"drain\": 5}",
            "{\r\n\t\"drain\": 5}",
            "\uFEFF{\n\t\"drain\": 5}",
            "{ // ä\n\t\"drain\": 5}",
        ];
        Assert.All(jsons, json => Assert.Equal((2, 11), Place(json)));
        Assert.Equal((1, 10), Place("{\"drain\":5}"));
        Assert.Equal((1, 10), Place("\uFEFF{\"drain\":5}"));
        Assert.Equal((1, 16), Place("{/*ä😀*/\"drain\":5}")); // characters, not bytes
        Assert.Equal((1, 16), Place("{/*\r*/\"drain\":\r5}"));
        Assert.Equal((4, 3), Place("{/*\n*/\"drain\"\n:/**/ // :\n  5}"));

        static (int Line, int Column) Place(string json)
        {
            ForwardConfigurationException error =
                Assert.Throws<ForwardConfigurationException>(() => Written.Read(json));
            Assert.Equal("drain", error.Key);
            return (error.Line, error.Column);
        }
    }

    [Fact]
    public void A_message_is_one_line_of_bearable_length()
    {
        string huge = new('x', 100_000);
        string[] jsons =
        [
            $$"""{"{{huge}}": 5}""",
            $$"""{"drain": "{{huge}}"}""",
            $$"""{"drain": {{huge}}}""",
            $$"""{"drain": 1{{huge}}}""",
            $$"""{"drain": 1{{huge.Replace('x', '0')}}}""",
            """{"drain": "\u202e\u0000\r\n\u2028\ud83d\ude00"}""",
        ];
        Assert.All(jsons, json =>
        {
            string message = Assert.Throws<ForwardConfigurationException>(() => Written.Read(json)).Message;
            Assert.InRange(message.Length, 1, 250);
            Assert.DoesNotContain(message, each => char.IsControl(each) || each is '\u202e' or '\u2028');
        });
    }
}
