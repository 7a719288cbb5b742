using Asyncore;
using Asyncore.Protocols;

namespace ChatPeer;

/// <summary>
/// An echo that cuts what came into messages of a fixed size and sends each back by a <c>Send</c> of its own. What is no
/// whole message is sent at once too: the C server that it is compared with does the same.
/// </summary>
internal sealed class SendsChannel(AcceptedChannel accepted, Settings settings, Count count) : EchoHandler(accepted)
{
    protected override void HandleRead()
    {
        ReadOnlySpan<byte> data = Receive();
        while (data.Length > 0)
        {
            int size = Math.Min(settings.Size, data.Length);
            Send(data[..size]);
            data = data[size..];
            count.Message();
        }
    }
}
