namespace Asyncore;

/// <summary>An eventfd(2) that ends a wait from another thread.</summary>
internal sealed unsafe class WakeDescriptor : IDisposable
{
    public WakeDescriptor()
    {
        Fd = Libc.EventFd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
        if (Fd < 0)
        {
            throw Errno.ToException(Errno.LastResult());
        }
    }

    public int Fd { get; }

    public void Signal()
    {
        ulong one = 1;
        Libc.Write(Fd, (byte*)&one, sizeof(ulong)); // fails only where it is signalled already
    }

    public void Drain()
    {
        ulong count;
        Libc.Read(Fd, (byte*)&count, sizeof(ulong));
    }

    public void Dispose() => Libc.Close(Fd);
}
