using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>What a configuration file says is what the options have.</summary>
public class ConfigurationTests
{
    private const string Example = "tests/Asyncore.Tests/Forwarding/example.jsonc";

    [Fact]
    public void The_example_has_every_key()
    {
        var expected = new ListenerOptions
        {
            Name = "web",
            Listen = new IPEndPoint(IPAddress.Loopback, 8080),
            Targets =
            [
                To(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 80)),
                To(new DnsEndPoint("db.example", 5432)),
                To(new UnixDomainSocketEndPoint("/run/x.sock")),
                To(new IPEndPoint(IPAddress.Parse("10.0.0.2"), 80)) with { Weight = 2, SendProxy = ProxyVersion.V2 },
            ],
            Balance = BalancePolicy.RoundRobin,
            Backlog = 1024,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            IdleTimeout = TimeSpan.FromMinutes(10),
            Lifetime = TimeSpan.FromHours(1),
            ResolveEvery = TimeSpan.FromSeconds(30),
            RestFor = TimeSpan.FromSeconds(10),
            MaxConnections = 1000,
            MaxConnectionsPerClient = 10,
            Allow = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("192.168.1.7/32")],
            Deny = [IPNetwork.Parse("10.1.0.0/16")],
            Rate = 1_000_000,
            TotalRate = 10_000_000,
            HighWater = 256_000,
            LowWater = 64_000,
            AcceptProxy = true,
            ProxyHeaderTimeout = TimeSpan.FromSeconds(5),
            FaultsToTarget = new FaultOptions
            {
                Delay = TimeSpan.FromMilliseconds(100),
                Jitter = TimeSpan.FromMilliseconds(20),
                Bandwidth = 1_000_000,
                Slice = 100,
                CutAfter = 64_000,
                ResetAfter = TimeSpan.FromSeconds(5),
                Stall = true,
                Seed = 7,
            },
            FaultsToClient = null,
        };
        ServiceOptions service = ForwardConfiguration.Load(Repository.PathOf(Example));
        Assert.Equal(expected, Assert.Single(service.Listeners));
        Assert.Equal(TimeSpan.FromSeconds(30), service.DrainTimeout);

        static TargetOptions To(EndPoint address) => new() { Address = address, SendProxy = ProxyVersion.V1 };
    }

    [Fact]
    public void What_is_not_said_is_as_the_options_have_it()
    {
        var expected = new ServiceOptions
        {
            Listeners =
            [
                new ListenerOptions
                {
                    Listen = new IPEndPoint(IPAddress.Any, 80),
                    Targets = [new TargetOptions { Address = new DnsEndPoint("a", 1) }],
                },
            ],
        };
        Assert.Equal(expected, Written.Read("""{"listeners":[{"listen":":80","targets":["a:1"]}]}"""));
    }

    [Theory]
    [InlineData("roundRobin", BalancePolicy.RoundRobin)]
    [InlineData("leastConnections", BalancePolicy.LeastConnections)]
    [InlineData("firstAvailable", BalancePolicy.FirstAvailable)]
    public void Balance(string text, BalancePolicy balance) =>
        Assert.Equal(balance, Written.Listener($"\"balance\": \"{text}\"").Balance);

    [Theory]
    [InlineData("", ProxyVersion.None, ProxyVersion.V1)]
    [InlineData("\"sendProxy\": \"none\",", ProxyVersion.None, ProxyVersion.V1)]
    [InlineData("\"sendProxy\": \"v2\",", ProxyVersion.V2, ProxyVersion.V1)]
    public void Targets_that_do_not_say_send_what_the_listener_says(
        string before, ProxyVersion unsaid, ProxyVersion said)
    {
        const string Targets =
            """
            "targets": ["a:1", {"address": "a:1"}, {"sendProxy": "v1", "address": "a:1"},
                        {"address": "a:1", "sendProxy": "none"}]
            """;
        ProxyVersion[] expected = [unsaid, unsaid, said, ProxyVersion.None];
        string[] orders = [before + Targets, Targets + "," + before];
        foreach (string members in orders)
        {
            ServiceOptions service = Written.Read("""{"listeners":[{"listen":":80",""" + members + "}]}");
            Assert.Equal(expected, service.Listeners[0].Targets.Select(target => target.SendProxy));
        }
    }

    [Fact]
    public void Faults_of_both_directions_have_the_seed_wherever_it_stands()
    {
        ListenerOptions listener = Written.Listener(
            """
            "faults": { "toClient": { "stall": true }, "seed": -3, "toTarget": { "cutAfter": 5 } }
            """);
        Assert.Equal(new FaultOptions { CutAfter = 5, Seed = -3 }, listener.FaultsToTarget);
        Assert.Equal(new FaultOptions { Stall = true, Seed = -3 }, listener.FaultsToClient);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "seed": 7 }""")]
    [InlineData("""{ "toTarget": {}, "toClient": { "stall": false, "delay": "0" } }""")]
    public void Faults_that_are_none_are_null(string faults)
    {
        ListenerOptions listener = Written.Listener("\"faults\": " + faults);
        Assert.Null(listener.FaultsToTarget);
        Assert.Null(listener.FaultsToClient);
    }

    [Fact]
    public void Limits_are_within()
    {
        ListenerOptions listener = Written.Listener(
            """
            "backlog": 2147483647, "maxConnections": 1, "connectTimeout": "24d", "restFor": "0.0001ms",
            "highWater": "9223372036854775807B", "lowWater": 9223372036854775807, "rate": "1/s", "allow": [],
            """);
        Assert.Equal((int.MaxValue, 1), (listener.Backlog, listener.MaxConnections));
        Assert.Equal((TimeSpan.FromDays(24), TimeSpan.FromTicks(1)), (listener.ConnectTimeout, listener.RestFor));
        Assert.Equal((long.MaxValue, long.MaxValue, 1L), (listener.HighWater, listener.LowWater, listener.Rate));
        Assert.Empty(listener.Allow);

        ServiceOptions service = Written.Read(
            """{"drain":"0","listeners":[{"listen":":80","targets":[{"address":"a:1","weight":1000}]}]}""");
        Assert.Equal(TimeSpan.Zero, service.DrainTimeout);
        Assert.Equal(1000, service.Listeners[0].Targets[0].Weight);
    }

    [Fact]
    public void Addresses_that_do_not_meet_are_several_listeners()
    {
        string[] addresses =
        [
            "127.0.0.1:80", "127.0.0.2:80", "[::]:80", ":81", "[::1]:81", ":0", ":0", "127.0.0.1:0", "unix:/a",
            "unix:/b", "unix:@/a", "[fe80::1%1]:82", "[fe80::1%2]:82",
        ];
        ServiceOptions service = Written.Read(
            $$"""{"listeners":[{{string.Join(',', addresses.Select(each => Listening(each)))}}]}""");
        Assert.Equal(addresses.Length, service.Listeners.Count);

        static string Listening(string address) => $$"""{"listen":"{{address}}","targets":["a.example:1"]}""";
    }

    [Fact]
    public void Comments_trailing_commas_escapes_and_a_byte_order_mark()
    {
        const string Json =
            """
            // one
            {
              "listeners": /* two */ [
                { "lis\u0074en" : /* three */ // four
                    "\u003a80", "targets": [ /* five */ "unix:\/run\/j\u00f6rg", ], },
              ], // six
            } /* seven
            */ // eight
            """;
        ListenerOptions listener = Assert.Single(Written.Read("\uFEFF" + Json).Listeners);
        Assert.Equal(new IPEndPoint(IPAddress.Any, 80), listener.Listen);
        Assert.Equal(new UnixDomainSocketEndPoint("/run/jörg"), listener.Targets[0].Address);
        Assert.Equal(listener, Assert.Single(Written.Read(Json.ReplaceLineEndings("\r\n")).Listeners));
    }

    [Fact]
    public void Two_files_that_say_the_same_are_equal()
    {
        string json = File.ReadAllText(Repository.PathOf(Example));
        ServiceOptions first = Written.Read(json);
        Assert.Equal(first, Written.Read(json));
        Assert.NotEqual(first, Written.Read(json.Replace("64KB\",", "65KB\",", StringComparison.Ordinal)));
        Assert.Equal(first, ForwardConfiguration.Parse(Encoding.UTF8.GetBytes(json), string.Empty));
    }
}
