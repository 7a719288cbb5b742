using Asyncore.Cli.Forward;
using Asyncore.Forwarding;
using Asyncore.Tests.Forwarding;
using Asyncore.Tests.Support;
using Spectre.Console;
using Xunit;

namespace Asyncore.Tests.Cli;

/// <summary>The table of <c>--live</c>, drawn for a terminal of any size.</summary>
public class LiveViewTests
{
    [Fact]
    public void It_shows_listeners_with_their_rates_and_targets()
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(IoBackendKind.Epoll, targets: 2);
        var view = new LiveView(scene.Service, clock);
        (System.Net.Sockets.Socket client, System.Net.Sockets.Socket server) = scene.Connect();
        client.Send(Sockets.Pattern(98_400));
        server.ReadExactlyWhile(scene.Loop, 98_400);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        string[] lines = Draw(view, width: 160, height: 40);
        string listener = Assert.Single(lines, line => line.Contains("│ test ", StringComparison.Ordinal));
        Assert.Contains("984 KB/s", listener, StringComparison.Ordinal);
        Assert.Contains("2/2 up", listener, StringComparison.Ordinal);
        Assert.Contains("█", listener, StringComparison.Ordinal);
        Assert.Equal(2, lines.Count(line => line.Contains("up, ", StringComparison.Ordinal)));
        Assert.Single(lines, line => line.Contains("1 made, 0 failed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(112)]
    [InlineData(150)]
    public void A_row_is_a_line_however_narrow_the_terminal(int width)
    {
        using var scene = new ServiceScene(IoBackendKind.Epoll, options => options with { Name = new string('n', 60) }, targets: 3);
        string[] lines = Draw(new LiveView(scene.Service, new FakeClock()), width, height: 40);
        Assert.Equal(4 + 4, lines.Length); // borders and headings; the listener and its targets
        Assert.Contains("3/3 up", lines[3], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, width));
    }

    [Fact]
    public void What_has_no_room_is_counted_and_what_was_said_last_stands_below()
    {
        using EventLoop loop = TestLoop.Create(IoBackendKind.Epoll);
        ListenerOptions[] many = [.. Enumerable.Range(0, 30).Select(number => new ListenerOptions
        {
            Name = $"l{number}",
            Listen = OwnPorts.Next(System.Net.IPAddress.Loopback),
            Targets = [new TargetOptions { Address = OwnPorts.Next(System.Net.IPAddress.Loopback) }],
        })];
        using var service = new ForwardService(new ServiceOptions { Listeners = [.. many] }, loop);
        var view = new LiveView(service, new FakeClock());
        for (int i = 0; i < 10; i++)
        {
            view.Say($"line {i} {new string('x', 200)}");
        }

        string[] lines = Draw(view, width: 80, height: 24);
        Assert.InRange(lines.Length, 1, 24);
        Assert.Contains("listener", lines[1], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("… and ", StringComparison.Ordinal));
        Assert.Equal(["line 5", "line 6", "line 7", "line 8", "line 9"], lines[^5..].Select(line => line[..6]));
    }

    private static string[] Draw(LiveView view, int width, int height)
    {
        var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        console.Write(view.Draw(width, height));
        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
