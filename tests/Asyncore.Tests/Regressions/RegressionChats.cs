using System.Net.Sockets;
using Asyncore.Tests.Chat;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Regressions;

/// <summary>What several regression tests of chats are made of.</summary>
internal static class RegressionChats
{
    /// <summary>So many empty lines.</summary>
    public static byte[] EmptyLines(int count)
    {
        byte[] lines = new byte[count];
        Array.Fill(lines, (byte)'\n');
        return lines;
    }

    /// <summary>Reads to the end, whichever it is.</summary>
    public static void Drain(this Socket socket) => socket.ReadToError();
}

/// <summary>A chat whose water marks can be acted upon.</summary>
internal sealed class MarkedChat(Socket socket, EventLoop loop) : ChatRecorder(socket, loop)
{
    public Action? OnHigh { get; set; }

    public Action? OnLow { get; set; }

    protected override void HandleHighWater()
    {
        base.HandleHighWater();
        OnHigh?.Invoke();
    }

    protected override void HandleLowWater()
    {
        base.HandleLowWater();
        OnLow?.Invoke();
    }
}

/// <summary>A chat that writes down where the peer's side ends alone.</summary>
internal sealed class HalfOpenRecorder : ChatRecorder
{
    public HalfOpenRecorder(Socket socket, EventLoop loop)
        : base(socket, loop) => AllowHalfOpen = true;

    public bool HasMetEnd { get; private set; }

    protected override void HandleEndOfStream() => HasMetEnd = true;
}

/// <summary>A producer that a test writes where it is used.</summary>
internal sealed class ScriptedProducer(Func<ReadOnlyMemory<byte>> more) : IProducer
{
    public ReadOnlyMemory<byte> More() => more();
}
