using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Interop;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>A channel of Python's asyncore, in a process of its own, one connection after the other.</summary>
internal sealed class PythonStory : IStorySubject, IDisposable
{
    private readonly Peer _python;
    private SystemStoryPeer? _peer;
    private int _asked;
    private string _told = string.Empty;

    public PythonStory()
    {
        _python = PythonPeer.StartDialogue("story", Backends.AnyAddress(AddressFamily.InterNetwork).ToString()!);
        Address = _python.ReadAddress(AddressFamily.InterNetwork, null!);
    }

    public EndPoint Address { get; }

    public bool IsHeld { get; private set; }

    private bool IsConnected => !_told.EndsWith("connected False", StringComparison.Ordinal);

    /// <summary>The next connection is what it is about.</summary>
    public void Begin(SystemStoryPeer peer)
    {
        _peer = peer;
        _told = string.Empty;
        IsHeld = false;
        _python.Say("next");
    }

    public string Told() => _told;

    public void SendSome(int count) => _python.Say(string.Create(CultureInfo.InvariantCulture, $"send {count}"));

    public void EndSome() => throw new NotSupportedException("asyncore does not end one side alone.");

    public void Turn()
    {
        if (IsConnected)
        {
            IsHeld = !IsHeld;
            _python.Say("turn");
        }
    }

    /// <summary>Lets its loop run until all has come about that is going to.</summary>
    public void Settle()
    {
        Assert.True(SpinWait.SpinUntil(() => _peer!.HasSettled, TimeSpan.FromSeconds(20)), "the bytes have not arrived");
        _python.Say($"run {(_peer!.HasEnded ? "ended" : "open")} {(_peer.IsClosed ? "closed" : "there")}");
        _told = Peer.Await(_python.Output.Find($@"(^|\n){++_asked}: (?<told>.*)\n")).Groups["told"].Value;
        if (!IsConnected)
        {
            _peer.AwaitNews();
        }
    }

    public void Dispose() => _python.Dispose();
}
