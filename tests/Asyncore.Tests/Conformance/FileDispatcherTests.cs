using System.Runtime.InteropServices;
using System.Text;
using Asyncore.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Asyncore.Tests.Conformance;

public class FileDispatcherTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F2_APipeIsReadToItsEndAndThenClosed(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        var channel = new Reader(read, loop);
        read.Dispose();
        Pipes.Write(write, "first "u8);
        loop.RunUntil(() => channel.Text == "first ");
        Pipes.Write(write, "second"u8);
        write.Dispose();
        loop.RunUntil(() => channel.Closes == 1);
        Assert.Equal("first second", channel.Text);
        Assert.Null(channel.CloseReason);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F2_APipeIsWrittenTo(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle reading = read;
        var channel = new FileDispatcher(write, loop);
        write.Dispose();
        Assert.Equal(5, channel.Send("hello"u8));
        loop.Passes(1);
        Assert.Equal("hello"u8.ToArray(), Pipes.Read(read));
        channel.Close();
        Assert.Empty(Pipes.Read(read)); // its end: the original is closed, and so is the duplicate
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F2_MoreThanAPipeHoldsLeavesAsItIsRead(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle reading = read;
        var channel = new FileDispatcher(write, loop);
        write.Dispose();
        byte[] data = new byte[200_000];
        new Random(1).NextBytes(data);
        Assert.Equal(data.Length, channel.Send(data));
        channel.Close();
        var received = new List<byte>();
        loop.RunUntil(() =>
        {
            if (received.Count < data.Length)
            {
                received.AddRange(Pipes.Read(read, 10_000));
            }

            return received.Count == data.Length;
        });
        Assert.Equal(data, received);
        loop.Run();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F2_TheEndOfWhoeverReadsThePipeIsTold(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        var channel = new Reader(write, loop) { Wants = false };
        write.Dispose();
        loop.Passes(2);
        Assert.Equal(0, channel.Closes);
        read.Dispose();
        loop.RunUntil(() => channel.Closes == 1);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F2_ATerminalIsServed(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle master, SafeFileHandle terminal) = Pipes.CreateTerminal();
        var channel = new Reader(terminal, loop);
        loop.Passes(3);
        Assert.Equal(string.Empty, channel.Text);
        Pipes.Write(master, "a line\n"u8);
        loop.RunUntil(() => channel.Text == "a line\n");
        channel.Send("an answer"u8);
        loop.Passes(1);
        string seen = string.Empty;
        while (!seen.Contains("an answer", StringComparison.Ordinal))
        {
            seen += Encoding.ASCII.GetString(Pipes.Read(master)); // after the terminal's own echo of the line
        }

        terminal.Dispose();
        channel.Close();
        master.Dispose();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F2_DevicesThatNoPollerTakesAreServed(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using SafeFileHandle nothing = File.OpenHandle("/dev/null");
        using SafeFileHandle zeros = File.OpenHandle("/dev/zero");
        var empty = new Reader(nothing, loop);
        var endless = new Reader(zeros, loop);
        loop.RunUntil(() => empty.Closes == 1 && endless.Text.Length > 10_000);
        Assert.Equal(string.Empty, empty.Text);
        endless.Close();
        Assert.False(loop.RunOnce(TimeSpan.Zero));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F3_ARegularFileReachesHandleReadAndThenHandleClose(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        string path = Path.GetTempFileName();
        string content = string.Concat(Enumerable.Range(0, 5000).Select(number => $"line {number}\n"));
        File.WriteAllText(path, content);
        using SafeFileHandle file = File.OpenHandle(path);
        var channel = new Reader(file, loop);
        loop.Run();
        Assert.Equal(content, channel.Text);
        Assert.Equal(1, channel.Closes);
        File.Delete(path);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F3_AFileThatIsNotReadDoesNotSpinTheLoop(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "later");
        using SafeFileHandle file = File.OpenHandle(path);
        var channel = new Reader(file, loop) { Wants = false };
        loop.Passes(1);

        loop.AssertIdle();
        Assert.Empty(channel.Text);

        channel.Wants = true;
        loop.Run();
        Assert.Equal("later", channel.Text);
        Assert.Equal(1, channel.Closes);
        File.Delete(path);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F3_AFileStreamIsReadFromItsPosition(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "skipped, read");
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        file.Position = 9;
        var channel = new StreamReaderChannel(file, loop);
        loop.Run();
        Assert.Equal("read", channel.Text);
        File.Delete(path);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F5_ThePipesOwnFlagsAreThereAgainAfterClose(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle reading = read;
        using SafeFileHandle writing = write;
        int before = Pipes.Flags(read);
        Assert.Equal(0, before & Pipes.NonBlocking);
        var channel = new Reader(read, loop);
        loop.Passes(1);
        Assert.NotEqual(0, Pipes.Flags(read) & Pipes.NonBlocking);
        channel.Close();
        Assert.Equal(before, Pipes.Flags(read));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F5_APipeThatWasNonBlockingStaysSo(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle reading = read;
        using SafeFileHandle writing = write;
        var first = new Reader(read, loop);
        var second = new Reader(read, loop);
        second.Close();
        Assert.NotEqual(0, Pipes.Flags(read) & Pipes.NonBlocking);
        first.Close();
        Assert.Equal(0, Pipes.Flags(read) & Pipes.NonBlocking);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void F5_ATerminalsFlagsAreNeverChanged(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle master, SafeFileHandle terminal) = Pipes.CreateTerminal();
        int before = Pipes.Flags(terminal);
        var channel = new Reader(terminal, loop);
        loop.Passes(2);
        Assert.Equal(before, Pipes.Flags(terminal));
        channel.Close();
        Assert.Equal(before, Pipes.Flags(terminal));
        terminal.Dispose();
        master.Dispose();
    }

    private sealed class Reader(SafeHandle handle, EventLoop loop) : FileDispatcher(handle, loop)
    {
        private readonly StringBuilder _text = new();

        public string Text => _text.ToString();

        public int Closes { get; private set; }

        public int Asked { get; private set; }

        public bool Wants { get; set; } = true;

        protected override bool Readable()
        {
            Asked++;
            return Wants;
        }

        protected override void HandleRead()
        {
            byte[] buffer = new byte[1000];
            _text.Append(Encoding.ASCII.GetString(buffer, 0, Recv(buffer)));
        }

        protected override void HandleClose()
        {
            Closes++;
            Close();
        }
    }

    private sealed class StreamReaderChannel(FileStream file, EventLoop loop) : FileDispatcher(file, loop)
    {
        private readonly StringBuilder _text = new();

        public string Text => _text.ToString();

        protected override void HandleRead()
        {
            byte[] buffer = new byte[1000];
            _text.Append(Encoding.ASCII.GetString(buffer, 0, Recv(buffer)));
        }
    }
}
