using System.Net.Sockets;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R5: what the default handlers do and say.</summary>
public class LoggingTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R5_DefaultHandleErrorLogsTypeMessageAndPlaceThenCallsHandleClose(
        IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Throwing channel, FarEnd peer) = loop.Join(family, (socket, owner) => new Throwing(socket, owner));
        using FarEnd _ = peer;
        peer.Send("x"u8);

        loop.RunUntil(() => !channel.Connected);

        Assert.Equal(["error", "close"], channel.Order);
        string line = Assert.Single(channel.Logged);
        Assert.StartsWith("error: ", line);
        Assert.Contains("System.FormatException", line); // type
        Assert.Contains("all wrong", line); // message
        Assert.Contains(nameof(Throwing.Misbehave), line); // place
        Assert.Contains(nameof(Throwing), line); // whose
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R5_DefaultHandleCloseLogsAndCloses(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Reading channel, FarEnd peer) = loop.Join(family, (socket, owner) => new Reading(socket, owner));
        peer.Dispose();

        loop.RunUntil(() => !channel.Connected);

        Assert.Equal(["warning: unhandled close event"], channel.Logged);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R5_DefaultHandleConnectFailedDoesAsHandleErrorSoHandleCloseRuns(
        IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd nobody = loop.Bound(family);
        var channel = new Throwing(null, loop);
        channel.CreateSocket(family);
        channel.Connect(nobody.LocalEndPoint!);

        loop.RunUntil(() => channel.Order.Contains("close"));

        Assert.Equal(["error", "close"], channel.Order);
        Assert.Contains(nameof(SocketException), Assert.Single(channel.Logged));
        Assert.Equal(SocketError.ConnectionRefused, ((SocketException)channel.CloseReason!).SocketErrorCode);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R5_DefaultReadAndWriteHandlersWarn(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Plain channel, FarEnd peer) = loop.Join(family, (socket, owner) => new Plain(socket, owner));
        using FarEnd _ = peer;
        Assert.Equal(["warning"], channel.IgnoreLogTypes);
        peer.Send("x"u8);
        loop.RunUntil(() => channel.Logged.Count > 0);
        Assert.All(channel.Logged, line => Assert.Equal("warning: unhandled read event", line));

        channel.IgnoreLogTypes = [];
        loop.RunUntil(() => channel.Logged.Contains("warning: unhandled write event"));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R5_DefaultHandleConnectWarns(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Plain(null, loop);
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);

        loop.RunUntil(() => channel.Connected);

        Assert.Equal(["warning: unhandled connect event"], channel.Logged);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R5_DefaultHandleExptWarns(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Urgent channel, FarEnd peer) = loop.Join(family, (socket, owner) => new Urgent(socket, owner));
        using FarEnd _ = peer;
        peer.SendUrgent("!"u8);

        loop.RunUntil(() => channel.Logged.Count > 0);

        Assert.Equal("warning: unhandled incoming priority event", channel.Logged[0]);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void R5_WarningsAreIgnoredUnlessIgnoreLogTypesSaysOtherwise(IoBackendKind kind)
    {
        var lines = new List<(LogLevel, string)>();
        using var factory = new LogTo(LogLevel.Trace, (level, line) => lines.Add((level, line)));
        using EventLoop loop = TestLoop.Create(new EventLoopOptions { Backend = kind, LoggerFactory = factory });
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.Unix);
        using Socket _ = peer;
        var channel = new Talking(ours, loop);
        lines.Clear(); // what the loop itself says

        channel.Say("a warning", "warning");
        Assert.Empty(lines);

        channel.IgnoreLogTypes = ["info", "own"];
        channel.Say("a warning", "warning");
        channel.Say("some news");
        channel.Say("of my own", "own");
        channel.Say("an error", "error");
        channel.Say("a detail", "debug");
        channel.Say("something", "else");
        channel.Write("as it is");
        Assert.Equal(
            [
                (LogLevel.Warning, "warning: a warning"),
                (LogLevel.Error, "error: an error"),
                (LogLevel.Debug, "debug: a detail"),
                (LogLevel.Information, "else: something"),
                (LogLevel.Information, "as it is"),
            ],
            lines);
        Assert.Throws<ArgumentNullException>(() => channel.IgnoreLogTypes = null!);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void R5_WhatTheLibrarySaysOfAChannelGoesThroughItsLogInfo(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.Unix);
        using Socket _ = peer;
        var channel = new Plain(null, loop) { Debug = true };
        channel.SetSocket(ours);
        channel.Close();

        Assert.Equal(2, channel.Logged.Count);
        Assert.All(channel.Logged, line => Assert.StartsWith("debug: ", line));
    }

    internal class Plain(Socket? socket, EventLoop loop) : Dispatcher(socket, loop)
    {
        public List<string> Logged { get; } = [];

        protected override void LogInfo(string message, string type = "info") => Logged.Add($"{type}: {message}");
    }

    private sealed class Reading(Socket? socket, EventLoop loop) : Plain(socket, loop)
    {
        protected override void HandleRead() => Receive();
    }

    private sealed class Urgent(Socket? socket, EventLoop loop) : Plain(socket, loop)
    {
        protected override void HandleExpt() => base.HandleExpt();
    }

    private sealed class Throwing(Socket? socket, EventLoop loop) : Plain(socket, loop)
    {
        public List<string> Order { get; } = [];

        public static void Misbehave() => throw new FormatException("all wrong");

        protected override void HandleRead() => Misbehave();

        protected override void HandleError(Exception error)
        {
            Order.Add("error");
            base.HandleError(error);
        }

        protected override void HandleClose()
        {
            Order.Add("close");
            Close();
        }
    }

    internal sealed class Talking(Socket? socket, EventLoop loop) : Dispatcher(socket, loop)
    {
        public void Say(string message, string type = "info") => LogInfo(message, type);

        public void Write(string message) => Log(message);
    }
}

/// <summary>Tests that take standard error for themselves, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(StandardErrorTests), DisableParallelization = true)]
public class StandardErrorCollection;

/// <summary>R5: where nobody has configured a logger.</summary>
[Collection(nameof(StandardErrorTests))]
public class StandardErrorTests
{
    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void R5_WithoutALoggerLinesGoToStandardError(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var channel = new LoggingTests.Talking(null, loop);
        TextWriter before = Console.Error;
        using var captured = new StringWriter { NewLine = "\n" };
        Console.SetError(captured);
        try
        {
            channel.Write("as it is");
            channel.Say("some news");
            channel.Say("an error", "error");
            channel.Say("a warning", "warning");
            channel.IgnoreLogTypes = [];
            channel.Say("another warning", "warning");
        }
        finally
        {
            Console.SetError(before);
        }

        Assert.Equal(
            "log: as it is\ninfo: some news\nerror: an error\nwarning: another warning\n", captured.ToString());
    }
}
