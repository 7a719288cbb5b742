using System.Net.Sockets;

namespace Asyncore;

// Receiving into a pipe and sending out of one, with the rules of Recv and Send.
public partial class Dispatcher
{
    private protected const int CannotSplice = -1;

    private protected bool CanSpliceIn => CanReceive && _handle.Kind == IoHandleKind.Stream && !_traits.OverridesRecv
        && _handle.Held is not { Length: > 0 };

    // Nothing before it, or it would overtake.
    private protected bool CanSpliceOut => TakesOutput && Has(State.Connected) && _handle.Kind == IoHandleKind.Stream
        && !_traits.OverridesSend && OutputLength == 0 && !Has(State.SendBlocked | State.MoreOutput);

    /// <summary>As <see cref="Recv(Span{byte})"/>, into a pipe.</summary>
    /// <returns>The bytes; 0 as there; <see cref="CannotSplice"/> where the system does not splice from such a socket.</returns>
    private protected int SpliceIn(SplicePipe pipe, int most)
    {
        _loop.CheckThread();
        int result = _loop.Io.SpliceIn(_handle, pipe, most);
        if (result > 0)
        {
            return result;
        }

        if (result == -(int)SocketError.InvalidArgument)
        {
            return CannotSplice;
        }

        EndReceive(result, SocketFlags.None);
        return 0;
    }

    /// <summary>Sends what is in a pipe, as far as the kernel takes it now.</summary>
    private protected void SpliceOut(SplicePipe pipe)
    {
        int result = _loop.Io.SpliceOut(_handle, pipe);
        if (result < 0)
        {
            SendFailed((SocketError)(-result));
        }
        else if (pipe.Length > 0)
        {
            Block();
        }
    }
}
