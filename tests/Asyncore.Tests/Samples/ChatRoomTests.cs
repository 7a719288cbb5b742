using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Interop;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

public sealed class ChatRoomTests : IDisposable
{
    private const string Dropped = "* slow has left (too slow)";

    private readonly ChildProgram _program = ChildProgram.Start("ChatRoom", "127.0.0.1:0");
    private readonly List<LineClient> _clients = [];
    private readonly IPEndPoint _address;

    public ChatRoomTests() => _address = _program.ReadAddress();

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        _program.Dispose();
    }

    [Fact]
    public void EverybodyHasANameOfHisOwn()
    {
        LineClient bob = Dial();
        Assert.Equal("* welcome, guest1; /help tells what there is", bob.Read());
        LineClient guest = Dial();
        Assert.Equal("* welcome, guest2; /help tells what there is", guest.Read());
        Ask(bob, "/nick bob", "* guest1 is now bob");
        Ask(guest, "/nick Bob", "! somebody else is Bob");
        Ask(bob, "/nick BOB", "* bob is now BOB");
        Ask(guest, "/nick Guest1", "* guest2 is now Guest1");
        Ask(bob, "/nick bill", "* BOB is now bill");
        Ask(guest, "/nick bob", "* Guest1 is now bob");
        LineClient third = Dial();
        Assert.Equal("* welcome, guest3; /help tells what there is", third.Read());
        Ask(third, "/nick guest4", "* guest3 is now guest4");
        Assert.Equal("* welcome, guest5; /help tells what there is", Dial().Read()); // guest4 is somebody else
    }

    [Fact]
    public void ANameIsFreeAgainWhenItsOwnerHasGone()
    {
        LineClient bob = Dial("bob", "r");
        LineClient other = Dial("other", "r");
        bob.ReadUntil("* other has come to r");
        bob.Say("/quit");
        Assert.Equal(["* bob has left", "* goodbye"], bob.ReadToEnd());
        Assert.Equal("* bob has left", other.Read());
        Ask(other, "/nick bob", "* other is now bob");
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("a-name-of-21-letters-")]
    [InlineData("*")]
    [InlineData("bob:")]
    [InlineData("bоb")] // with a Cyrillic letter
    public void WhatIsNoNameIsRefused(string name)
    {
        const string Refusal = "! a name is 1 to 20 of a-z, A-Z, 0-9, - and _";
        LineClient client = Dial();
        client.Read();
        Ask(client, $"/nick {name}", Refusal);
        Ask(client, $"/join {name}", Refusal);
        Ask(client, "/nick a-name-of-20_letters", "* guest1 is now a-name-of-20_letters");
    }

    [Fact]
    public void OneIsHeardInOnesOwnRoomAlone()
    {
        LineClient ann = Dial("ann", "red");
        LineClient bob = Dial("bob", "red");
        Assert.Equal("* bob has come to red", ann.Read());
        LineClient eve = Dial("eve", "blue");
        ann.Say("hello");
        Assert.Equal("ann: hello", ann.Read());
        Assert.Equal("ann: hello", bob.Read());
        Ask(eve, "anybody?", "eve: anybody?");
        Ask(bob, "/nick rob", "* bob is now rob");
        Assert.Equal("* bob is now rob", ann.Read());
        bob.Say("/join BLUE");
        Assert.Equal(["* rob has left"], bob.ReadUntil("* rob has come to blue"));
        Assert.Equal("* rob has left", ann.Read());
        Assert.Equal("* rob has come to blue", eve.Read());
        Ask(bob, "/join blue", "! you are in blue");
        Ask(bob, "/leave", "* rob has left");
        Assert.Equal("* rob has left", eve.Read());
        Ask(bob, "hello?", "! nobody hears you: /join ROOM");
        Ask(bob, "/leave", "! you are in no room");
        Ask(bob, "/who", "! you are in no room");
        Ask(ann, "/who", "* in red: ann");
    }

    [Fact]
    public void RoomsAreListedWhileSomebodyIsInThem()
    {
        LineClient ann = Dial("ann", "red");
        LineClient bob = Dial("bob", "blue");
        LineClient eve = Dial("eve", "blue");
        Ask(ann, "/rooms", "* rooms: blue (2), red (1)");
        bob.ReadUntil("* eve has come to blue");
        Ask(bob, "/who", "* in blue: bob, eve");
        Ask(ann, "/leave", "* ann has left");
        Ask(ann, "/rooms", "* rooms: blue (2)");
        Ask(eve, "/leave", "* eve has left");
        Ask(bob, "/leave", "* eve has left", "* bob has left");
        Ask(ann, "/rooms", "* rooms: ");
    }

    [Fact]
    public void ThereAreSoManyRoomsAtMost()
    {
        for (int i = 0; i < 100; i++)
        {
            Dial($"m{i}", $"room{i}");
        }

        LineClient last = Dial();
        last.Read();
        Ask(last, "/join room100", "! there are 100 rooms already");
        Ask(last, "/join room99", "* guest101 has come to room99");
        Ask(_clients[0], "/leave", "* m0 has left");
        Ask(last, "/join room100", "* guest101 has left", "* guest101 has come to room100");
    }

    [Fact]
    public void AWordToOneIsNotHeardByOthers()
    {
        LineClient ann = Dial("ann", "r");
        LineClient bob = Dial("bob", "r");
        LineClient eve = Dial("eve", "r");
        ann.ReadUntil("* eve has come to r");
        bob.ReadUntil("* eve has come to r");
        Ask(ann, "/msg BOB   psst,  listen ", "ann -> bob: psst,  listen");
        Assert.Equal("ann -> bob: psst,  listen", bob.Read());
        Ask(ann, "/msg ann note", "ann -> ann: note");
        Ask(ann, "/msg nobody hello", "! nobody is nobody");
        Ask(ann, "/msg bob", "! /msg NAME TEXT");
        Ask(ann, "/msg", "! /msg NAME TEXT");
        Ask(eve, "loud", "eve: loud"); // and nothing before it
        Assert.Equal("eve: loud", bob.Read());
    }

    [Fact]
    public void HelpTellsEveryCommand()
    {
        LineClient client = Dial();
        client.Read();
        client.Say("/help", "/nonsense");
        List<string> help = client.ReadUntil("! /nonsense means nothing here; /help tells what there is");
        Assert.Equal(
            ["/nick", "/join", "/leave", "/rooms", "/who", "/msg", "/quit"],
            help.Select(line => line.Split(' ')[1]));
    }

    [Fact]
    public void WhatIsNoTextIsAnsweredAndNotPassedOn()
    {
        LineClient bad = Dial("bad", "r");
        LineClient other = Dial("other", "r");
        bad.Read();
        AskBytes(bad, [0xC3, 0x28, 10], "! that is not UTF-8");
        AskBytes(bad, [0xED, 0xA0, 0x80, 10], "! that is not UTF-8"); // half of a pair
        AskBytes(bad, [.. "half "u8, 0xC3, 10], "! that is not UTF-8"); // the end of the line cuts a character
        AskBytes(bad, "/nick \u0080\n"u8, "! no control characters, please");
        foreach (string text in (string[])["a\0b", "\u001b[2J", "a\rb", "tab\there", "del\u007f", "\u0085", "a\u2028b"])
        {
            Ask(bad, text, "! no control characters, please");
        }

        Ask(bad, "fine", "bad: fine");
        Assert.Equal("bad: fine", other.Read());
    }

    [Fact]
    public void ALineThatIsTooLongIsAnsweredOnce()
    {
        LineClient bad = Dial("bad", "r");
        LineClient other = Dial("other", "r");
        bad.Read();
        string longest = new('x', 1000);
        Ask(bad, longest, $"bad: {longest}");
        Assert.Equal($"bad: {longest}", other.Read());
        Ask(bad, longest + "y", "! a line has 1000 bytes at most");
        Ask(bad, new string('z', 100_000), "! a line has 1000 bytes at most");
        Ask(bad, "short", "bad: short");
        Assert.Equal("bad: short", other.Read());
    }

    [Fact]
    public void LinesMayBeCutAnywhereAndEndInEitherWay()
    {
        LineClient ann = Dial("ann", "r");
        LineClient bob = Dial("bob", "r");
        ann.Read();
        foreach (byte each in "grüße, 世界 😀\r\n\r\n  \nnext\n"u8)
        {
            ann.SayBytes([each]);
        }

        Assert.Equal("ann: grüße, 世界 😀", bob.Read());
        Assert.Equal("ann: next", bob.Read());
        ann.SayBytes("one\ntwo\r\nthr"u8);
        Assert.Equal("ann: one", bob.Read());
        Assert.Equal("ann: two", bob.Read());
        ann.SayBytes("ee\r"u8);
        ann.SayBytes("\n"u8);
        Assert.Equal("ann: three", bob.Read());
    }

    [Fact]
    public void WhatComesAfterQuitIsNotHeard()
    {
        LineClient ann = Dial("ann", "r");
        LineClient bob = Dial("bob", "r");
        ann.Read();
        ann.Say("last", "/quit", "never", "/nick zombie", "/join r");
        Assert.Equal(["ann: last", "* ann has left", "* goodbye"], ann.ReadToEnd());
        Assert.Equal("ann: last", bob.Read());
        Assert.Equal("* ann has left", bob.Read());
        Ask(bob, "/who", "* in r: bob");
    }

    [Fact]
    public void OneWhoEndsHisSideGetsHisAnswersAndHasLeft()
    {
        LineClient ann = Dial("ann", "r");
        LineClient bob = Dial("bob", "r");
        ann.Read();
        ann.SayBytes("said\n/who\ncut off"u8);
        ann.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(["ann: said", "* in r: ann, bob", "* ann has left"], ann.ReadToEnd());
        Assert.Equal("ann: said", bob.Read());
        Assert.Equal("* ann has left", bob.Read());
    }

    [Fact]
    public void OneWhoResetsHasLeft()
    {
        LineClient ann = Dial("ann", "r");
        LineClient bob = Dial("bob", "r");
        ann.Read();
        ann.Socket.ResetOnClose();
        ann.Dispose();
        Assert.Equal("* ann has left", bob.Read());
        Ask(bob, "/nick ann", "* bob is now ann");
    }

    [Fact]
    public void EveryLineReachesEverybodyInTheSameOrder()
    {
        const int Members = 600;
        const int Speakers = 8;
        const int Lines = 40;
        for (int i = 0; i < Members; i++)
        {
            Dial($"m{i}", "big");
        }

        foreach (LineClient member in _clients)
        {
            if (member != _clients[^1])
            {
                member.ReadUntil($"* m{Members - 1} has come to big");
            }
        }

        // All at once, long ones and short ones, and then one word when everything has been said.
        for (int line = 0; line < Lines; line++)
        {
            for (int i = 0; i < Speakers; i++)
            {
                _clients[i].Say(Line(line, i));
            }
        }

        LineClient listener = _clients[^1];
        List<string> heard = [.. Enumerable.Range(0, Speakers * Lines).Select(_ => listener.Read()!)];
        listener.Say("done");
        string done = $"m{Members - 1}: done";
        listener.ReadUntil(done);
        for (int i = 0; i < Speakers; i++)
        {
            string name = $"m{i}: ";
            Assert.Equal(
                Enumerable.Range(0, Lines).Select(line => name + Line(line, i)),
                heard.Where(line => line.StartsWith(name, StringComparison.Ordinal)));
        }

        foreach (LineClient member in _clients[..^1])
        {
            Assert.Equal(heard, member.ReadUntil(done));
        }

        listener.Say("/who");
        Assert.EndsWith($" and {Members - 100} more", listener.Read(), StringComparison.Ordinal);

        static string Line(int line, int speaker) => string.Create(CultureInfo.InvariantCulture,
            $"{line} of {speaker} {new string('é', line % 2 * 200)}");
    }

    [Fact]
    public void OneWhoNeverReadsIsDroppedAndTheOthersHearEverything()
    {
        LineClient slow = Dial("slow", "r", receiveBuffer: 4096);
        LineClient ann = Dial("ann", "r");
        LineClient bob = Dial("bob", "r");
        ann.Read();

        // No faster than the two that listen; the third holds nobody up, whatever the kernel keeps for it at first.
        string text = new('w', 900);
        List<string> heard = [];
        int lines = 0;
        while (!heard.Contains(Dropped))
        {
            Assert.InRange(lines, 0, 100_000);
            string line = $"ann: {lines++} {text}";
            ann.Say(line["ann: ".Length..]);
            heard = ann.ReadUntil(line);
            Assert.True(heard is [] or [Dropped]);
            Assert.Equal(heard, bob.ReadUntil(line)); // in the same place
        }

        Ask(ann, "/who", "* in r: ann, bob");
        Ask(ann, "bye", "ann: bye");
        Assert.Equal("ann: bye", bob.Read());

        // What had left for it was in order too.
        string[] got = Encoding.UTF8.GetString(slow.Socket.ReadToEnd()).Split("\r\n");
        Assert.Equal(["* ann has come to r", "* bob has come to r", $"ann: 0 {text}"], got[..3]);
        for (int i = 0; i < got.Length - 3; i++)
        {
            Assert.StartsWith($"ann: {i} ", got[i + 2], StringComparison.Ordinal);
        }

        Assert.InRange(got.Length, 4, lines);
        Assert.Empty(_program.Stop());
    }

    [Fact]
    public void NetcatTalks()
    {
        LineClient ann = Dial("ann", "r");
        Converse(ann, Peer.Start(Programs.Netcat, "-N", "127.0.0.1", Port));
    }

    [Fact]
    public void SocatTalks()
    {
        LineClient ann = Dial("ann", "r");
        Converse(ann, Peer.Start(Programs.Socat, "-", $"TCP4:127.0.0.1:{Port},crnl"));
    }

    private string Port => _address.Port.ToString(CultureInfo.InvariantCulture);

    private void Converse(LineClient ann, Peer peer)
    {
        using (peer)
        {
            peer.Feed("/nick tool\n/join r\nhällo\n/msg ann psst\n/who\n/quit\n"u8.ToArray());
            string[] lines = Encoding.UTF8.GetString(peer.WaitForExit()).ReplaceLineEndings("\n").Split('\n');
            Assert.Equal(
                [
                    "* welcome, guest2; /help tells what there is",
                    "* guest2 is now tool",
                    "* tool has come to r",
                    "tool: hällo",
                    "tool -> ann: psst",
                    "* in r: ann, tool",
                    "* tool has left",
                    "* goodbye",
                    string.Empty,
                ],
                lines);
            Assert.Equal(
                ["* tool has come to r", "tool: hällo", "tool -> ann: psst"], ann.ReadUntil("* tool has left"));
            Assert.Empty(_program.Stop());
        }
    }

    private LineClient Dial(int? receiveBuffer = null)
    {
        var client = new LineClient(_address, receiveBuffer);
        _clients.Add(client);
        return client;
    }

    /// <summary>A member of a room; the next line it reads is one that came after its entry.</summary>
    private LineClient Dial(string name, string room, int? receiveBuffer = null)
    {
        LineClient client = Dial(receiveBuffer);
        client.Say($"/nick {name}", $"/join {room}");
        client.ReadUntil($"* {name} has come to {room}");
        return client;
    }

    private static void Ask(LineClient client, string line, params string[] answer) =>
        AskBytes(client, Encoding.UTF8.GetBytes($"{line}\n"), answer);

    private static void AskBytes(LineClient client, ReadOnlySpan<byte> line, params string[] answer)
    {
        client.SayBytes(line);
        foreach (string each in answer)
        {
            Assert.Equal(each, client.Read());
        }
    }
}
