using System.Runtime.InteropServices;

namespace Asyncore.Cli;

/// <summary>
/// Writes to a descriptor that the tool was started with, by write(2). The console's own stream says nothing when the
/// reader of a pipe has gone, so a download went on for nobody; a <see cref="FileStream"/> keeps a position of its own,
/// and what a shell writes to the same file afterwards would lie over it.
/// </summary>
internal sealed class DescriptorStream(int descriptor) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">It cannot be written to, or nobody reads what is written (EPIPE).</exception>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written;
            fixed (byte* data = buffer)
            {
                written = Libc.Write(descriptor, data, (nuint)buffer.Length);
            }

            if (written < 0)
            {
                Recover(Marshal.GetLastPInvokeError());
            }
            else
            {
                buffer = buffer[(int)written..];
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    // Returns where the write is to be tried again.
    private unsafe void Recover(int errno)
    {
        if (errno == Libc.EAGAIN)
        {
            // Whoever shares the description has made it non-blocking; we wait as if it were not.
            var poll = new Libc.PollFd { Fd = descriptor, Events = Libc.POLLOUT };
            _ = Libc.Poll(&poll, 1, -1);
        }
        else if (errno != Libc.EINTR)
        {
            throw new IOException(Marshal.GetPInvokeErrorMessage(errno));
        }
    }
}
