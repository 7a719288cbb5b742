using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Asyncore.Tests.Conformance;

public class FileWrapperTests
{
    [Fact]
    public void F1_WorksAfterTheOriginalIsClosed()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "It's not dead, it's sleeping!");
        FileWrapper wrapper;
        using (SafeFileHandle original = File.OpenHandle(path))
        {
            wrapper = new FileWrapper(original);
            Assert.NotEqual((int)original.DangerousGetHandle(), wrapper.FileDescriptor);
        }

        byte[] buffer = new byte[64];
        Assert.Equal("It's not", Encoding.ASCII.GetString(buffer, 0, wrapper.Recv(buffer.AsSpan(0, 8))));
        Assert.Equal(" dead, it's sleeping!", Encoding.ASCII.GetString(buffer, 0, wrapper.Read(buffer)));
        Assert.Equal(0, wrapper.Read(buffer));
        wrapper.Close();
        File.Delete(path);
    }

    [Fact]
    public void F1_WritesBySendAndWrite()
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using var wrapper = new FileWrapper(write);
        Assert.Equal(3, wrapper.Send("one"u8));
        Assert.Equal(3, wrapper.Write("two"u8));
        Assert.Equal("onetwo"u8.ToArray(), Pipes.Read(read));
        read.Dispose();
        write.Dispose();
    }

    [Fact]
    public void F1_AfterCloseEverythingThrowsAndClosingAgainIsHarmless()
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle first = read;
        using SafeFileHandle second = write;
        var wrapper = new FileWrapper(read);
        wrapper.Close();
        wrapper.Close();
        wrapper.Dispose();
        Assert.Equal(-1, wrapper.FileDescriptor);
        Assert.Throws<ObjectDisposedException>(() => wrapper.Read(new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => wrapper.Recv(new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => wrapper.Write(new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => wrapper.Send(new byte[1]));
    }

    [Fact]
    public void F1_ClosingTwiceDoesNotCloseWhoeverGotTheNumberMeanwhile()
    {
        const int Attempts = 1000; // a test that runs beside this one may get the number first
        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
            using SafeFileHandle first = read;
            using SafeFileHandle second = write;
            var wrapper = new FileWrapper(read);
            int number = wrapper.FileDescriptor;
            wrapper.Close();
            using var heir = new FileWrapper(write);
            if (heir.FileDescriptor == number)
            {
                wrapper.Close();
                Assert.Equal(1, heir.Write("x"u8));
                return;
            }
        }

        Assert.Fail("nobody has got the number again");
    }

    [Fact]
    public void F1_TheDuplicateIsCloseOnExec()
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle first = read;
        using SafeFileHandle second = write;
        using var wrapper = new FileWrapper(read);
        Assert.True(Pipes.IsCloseOnExec(wrapper.FileDescriptor));
    }

    [Fact]
    public void F1_AClosedHandleIsRefused()
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        read.Dispose();
        write.Dispose();
        Assert.Throws<ObjectDisposedException>(() => new FileWrapper(read));
    }

    [Fact]
    public void F1_AWrapperThatWasRefusedClosesNothing()
    {
        // Its finalizer runs all the same, and took the zero of a field not yet set for the number of a descriptor.
        string? input = StandardInput();
        for (int i = 0; i < 10; i++)
        {
            F1_AClosedHandleIsRefused();
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(input, StandardInput());

        static string? StandardInput() => new FileInfo("/proc/self/fd/0").LinkTarget;
    }

    [Fact]
    public void F4_ASocketIsRefusedByAMessageThatNamesDispatcher()
    {
        using var loop = new EventLoop();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => new FileDispatcher(socket.SafeHandle, loop));
        Assert.Contains("Dispatcher", error.Message, StringComparison.Ordinal);
        Assert.Empty(loop.Channels);
    }
}
