using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Chat;

/// <summary>A chat that writes down its items and whatever else it is told.</summary>
internal class ChatRecorder : AsyncChat
{
    private readonly List<byte> _item = [];

    public ChatRecorder(EventLoop loop)
        : base(null, loop)
    {
    }

    public ChatRecorder(Socket socket, EventLoop loop)
        : base(socket, loop)
    {
    }

    public ChatRecorder(AcceptedChannel accepted)
        : base(accepted)
    {
    }

    /// <summary>The items that were complete, as Latin-1.</summary>
    public List<string> Items { get; } = [];

    /// <summary>What has been collected since.</summary>
    public string Rest => Encoding.Latin1.GetString([.. _item]);

    /// <summary>Items, what is left at the end, and the end.</summary>
    public List<string> Events { get; } = [];

    public List<string> Logged { get; } = [];

    public Action<string>? OnItem { get; set; }

    public Action<byte[]>? OnData { get; set; }

    public Action? OnOverflow { get; set; }

    public Action? OnClose { get; set; }

    public Func<Exception, bool>? OnError { get; set; }

    public Exception? Error { get; private set; }

    /// <summary>Whether HandleClose has been called.</summary>
    public bool HasEnded { get; private set; }

    public int HighWaters { get; private set; }

    public int LowWaters { get; private set; }

    /// <summary>Takes what has been collected, as an item that is none.</summary>
    public string TakeRest()
    {
        string rest = Rest;
        _item.Clear();
        return rest;
    }

    protected override void CollectIncomingData(ReadOnlySpan<byte> data)
    {
        Xunit.Assert.False(data.IsEmpty);
        Xunit.Assert.False(HasEnded);
        _item.AddRange(data);
        OnData?.Invoke(data.ToArray());
    }

    protected override void FoundTerminator()
    {
        string item = TakeRest();
        Items.Add(item);
        Events.Add($"item {item}");
        OnItem?.Invoke(item);
    }

    protected override void HandleOverflow()
    {
        Events.Add("overflow");
        if (OnOverflow is null)
        {
            base.HandleOverflow();
            return;
        }

        _item.Clear();
        OnOverflow();
    }

    protected override void HandleClose()
    {
        Events.Add($"rest {Rest}");
        Events.Add("close");
        HasEnded = true;
        OnClose?.Invoke();
        base.HandleClose();
    }

    protected override void HandleError(Exception error)
    {
        Error = error;
        if (OnError?.Invoke(error) != true)
        {
            base.HandleError(error);
        }
    }

    protected override void HandleHighWater() => HighWaters++;

    protected override void HandleLowWater() => LowWaters++;

    protected override void LogInfo(string message, string type = "info") => Logged.Add($"{type}: {message}");
}

/// <summary>What most tests of chats begin with.</summary>
internal static class Chats
{
    /// <summary>A connected pair, ours in a <see cref="ChatRecorder"/>.</summary>
    public static (ChatRecorder Chat, FarEnd Peer) JoinChat(
        this EventLoop loop, AddressFamily family = AddressFamily.InterNetwork) =>
        loop.Join(family, (socket, owner) => new ChatRecorder(socket, owner), accepted => new ChatRecorder(accepted));

    /// <summary>A connected pair, ours in a <see cref="LineRecorder"/>.</summary>
    public static (LineRecorder Chat, FarEnd Peer) JoinLines(this EventLoop loop, AddressFamily family) =>
        loop.Join(family, (socket, owner) => new LineRecorder(socket, owner), accepted => new LineRecorder(accepted));

    /// <summary>Gives a chat a stream in pieces of so many bytes.</summary>
    public static void PullInPieces(this AsyncChat chat, ReadOnlySpan<byte> stream, int size)
    {
        for (int at = 0; at < stream.Length; at += size)
        {
            chat.Pull(stream.Slice(at, Math.Min(size, stream.Length - at)));
        }
    }
}
